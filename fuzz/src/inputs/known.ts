import { mintMessageId } from '@restante/protocol';
import type { SeededRandom } from '@restante/testkit/seeded-random';
import { FUZZED_BLOB_BYTES, type Device } from '../stage/device.ts';
import type { Known } from '../values/shape.ts';
import type { World } from './world.ts';

const HOUR_MS = 3_600_000;
/** Most ids are of now. The others: an hour ago, within the skew that clocks may have, before all mail, and after. */
const AGES_MS = [0, 0, 0, 0, HOUR_MS, -5 * 60_000, 40 * 24 * HOUR_MS, -40 * 24 * HOUR_MS];

const RIGHT_PASSWORD_PERCENT = 1;

/** A UUIDv4 of drawn bytes. */
export const drawUuid = (random: SeededRandom): string => {
  const hex = Buffer.from(random.bytes(16)).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
};

export const drawMessageId = (random: SeededRandom): string =>
  mintMessageId(Date.now() - random.pick(AGES_MS), random.bytes(10));

export const drawUsername = (random: SeededRandom): string =>
  `f${Buffer.from(random.bytes(6)).toString('hex')}`;

/** What an input that speaks for a device can name. A right password ends accounts: it is rare. */
export const knownTo = (device: Device, { devices, password, work }: World, random: SeededRandom): Known => {
  const others = devices.filter(({ accountId }) => accountId !== device.accountId);
  const other = random.pick(others.length === 0 ? devices : others);
  const isRight = random.below(100) < RIGHT_PASSWORD_PERCENT;
  return {
    accountId: other.accountId,
    to: other.accountId,
    senderId: other.accountId,
    senderDeviceId: other.deviceId,
    deviceId: other.deviceId,
    device: device.deviceId,
    registrationId: other.registrationId,
    username: random.below(2) === 0 ? other.username : drawUsername(random),
    deviceSecret: device.deviceSecret,
    password: isRight ? password : 'a password of somebody else',
    newPassword: password,
    id: drawMessageId(random),
    blobId: (random.below(4) === 0 ? other : device).blobId,
    rendezvousId: (random.below(4) === 0 ? other : device).rendezvousId,
    slot: random.pick(['first', 'second', 'third']),
    grant: device.tokens.grant,
    identityKey: device.identityKey,
    part: random.pick([0, 0, 0, 1, 1_023, 1_024]),
    copies: 'own',
    bytes: FUZZED_BLOB_BYTES,
    after: drawMessageId(random),
    expiresAt: Date.now() + HOUR_MS,
    ...random.pick(work),
  };
};

/** As {@link knownTo}, with names that belong together. */
export const knownOfOne = (device: Device, world: World, random: SeededRandom): Known => ({
  ...knownTo(device, world, random),
  accountId: device.accountId,
  deviceId: device.deviceId,
  registrationId: device.registrationId,
});
