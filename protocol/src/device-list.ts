import * as z from 'zod/mini';
import { accountId, base64, deviceId, timestamp } from './ids.ts';
import { curveKey, registrationId } from './key-shapes.ts';
import { LIMITS } from './limits.ts';

/**
 * The devices of an account, signed by its account key: Ed25519 (RFC 8032) over {@link deviceListBytes}. No server has that key. Who
 * encrypts for an account does it for these devices, and takes messages from these alone, and from those that have left what they had written
 * before (law 12).
 */

/** 32 bytes: the public half of an account key. */
export const accountKey = base64(44).check(z.length(44));

/** A device on a list, by the keys that are its own for as long as it is. */
export const listedDevice = z.object({ deviceId, registrationId, identityKey: curveKey });
export type ListedDevice = z.infer<typeof listedDevice>;

/** A device that has left. What it wrote until then is its account's, and may come for as long as mail is kept. */
export const formerDevice = z.extend(listedDevice, {
  /** Milliseconds since 1970: the latest time in the id of a message of it that counts. */
  until: timestamp,
});
export type FormerDevice = z.infer<typeof formerDevice>;

export const signedDeviceList = z.object({
  accountId,
  accountKey,
  /** Grows by one with each list of the account, also when its key is another one. */
  generation: z.int().check(z.positive()),
  /** By rising number. */
  devices: z.array(listedDevice).check(
    z.minLength(1),
    z.maxLength(LIMITS.deviceId),
    z.refine(
      (devices) =>
        devices.every((each, index) => index === 0 || each.deviceId > (devices[index - 1]?.deviceId ?? 0)),
      'devices are not in the order of their numbers',
    ),
  ),
  /** Those whose mail may still be under way. */
  former: z.array(formerDevice).check(z.maxLength(LIMITS.formerDevices)),
  /** 64 bytes. */
  signature: base64(88).check(z.length(88)),
});
export type SignedDeviceList = z.infer<typeof signedDeviceList>;

/** What is signed. */
export type DeviceList = Omit<SignedDeviceList, 'signature'>;

const DOMAIN = 'restante device list 1';

/**
 * UTF-8 of one line for each of: domain, account id, account key, generation, each device with its three fields between spaces, and each
 * that has left with `former` before and `until` after these.
 */
export const deviceListBytes = ({
  accountId: account,
  accountKey: key,
  generation,
  devices,
  former,
}: DeviceList): Uint8Array<ArrayBuffer> => {
  const lineOf = (each: ListedDevice): string =>
    `${each.deviceId} ${each.registrationId} ${each.identityKey}`;
  const lines = [...devices.map(lineOf), ...former.map((each) => `former ${lineOf(each)} ${each.until}`)];
  return new TextEncoder().encode([DOMAIN, account, key, String(generation), ...lines].join('\n'));
};
