import { describe, expect, test } from 'vitest';
import type { LocalDevice } from '../session/address.ts';
import { encrypt, startSession } from '../session/session.ts';
import { decodeSessionRecord, type SessionRecord } from '../session/session-record.ts';
import type { Ciphertext, Device, DeviceKeys, Outcome } from './device.model.ts';
import { newest } from './official-package.model.ts';
import { officialDevice } from './official-device.model.ts';
import { ourDevice } from './our-device.model.ts';
import { ourKeys } from './our-keys.model.ts';
import { OURS, THEIRS } from './pairs.model.ts';
import { nameOf, newStores } from './stores.model.ts';
import { agreed, createTwins, judgeBoth, receive } from './twins.model.ts';

/** Just inside and just outside of each limit, with the same bytes for us and for the official package. */

const senderOf = (keys: DeviceKeys): LocalDevice => ({
  ...{ identity: keys.identity, registrationId: keys.registrationId },
  address: THEIRS,
});

/** The messages with these counters, out of all that lead there. */
const sendUpTo = (
  local: LocalDevice,
  started: SessionRecord,
  counters: readonly number[],
): ((counter: number) => Ciphertext) => {
  const kept = new Map<number, Ciphertext>();
  let record = started;
  for (let counter = 0; counter <= Math.max(...counters); counter += 1) {
    const message = encrypt(local, OURS, record, Uint8Array.of(counter % 256), 0);
    record = message.record;
    if (counters.includes(counter)) kept.set(counter, { type: message.type, body: message.body });
  }
  return (counter) => kept.get(counter)!;
};

describe('a gap', () => {
  test(
    'of 24,999 messages is the widest, and the newest 2,000 of it can be read',
    { timeout: 180_000 },
    async () => {
      const twins = createTwins();
      const local = senderOf(ourKeys());
      const started = startSession(local, OURS, null, twins.ours.bundle(0), 0);
      const message = sendUpTo(local, started, [0, 22_999, 23_000, 23_001, 24_999, 25_000, 25_001]);
      const verdict = (counter: number) => agreed(twins, THEIRS, message(counter));

      await receive(twins, THEIRS, message(0));
      expect(await verdict(25_001)).toBe('refused');
      await receive(twins, THEIRS, message(25_000));
      expect(await verdict(25_000)).toBe('duplicate');
      expect(await verdict(22_999)).toBe('duplicate');
      expect(await verdict(23_000)).toBe('accepted');
      expect(await verdict(24_999)).toBe('accepted');
      await receive(twins, THEIRS, message(25_001));
      expect(await verdict(23_000)).toBe('refused');
      await receive(twins, THEIRS, message(23_001));
      expect(await verdict(23_001)).toBe('duplicate');
    },
  );

  test(
    'may be wider in a session with oneself for the package, and not for us',
    { timeout: 180_000 },
    async () => {
      const twins = createTwins();
      const ownOther = { ...THEIRS, name: OURS.name };
      const local = { ...senderOf(twins.ours.keys), address: ownOther };
      const started = startSession(local, OURS, null, twins.ours.bundle(0), 0);
      const message = sendUpTo(local, started, [0, 25_000, 25_001]);
      await receive(twins, ownOther, message(0));
      expect(await judgeBoth(twins, ownOther, message(25_001))).toEqual({
        ours: 'refused',
        theirs: 'accepted',
      });
      await receive(twins, ownOther, message(25_000));
    },
  );

  /** A receiver's two sessions with a sender, and a message far ahead under a new ratchet key of the older one. */
  const inArchivedSession = async (receiver: Device): Promise<Outcome> => {
    const keys = ourKeys();
    const stores = newStores(keys);
    const sender = ourDevice(THEIRS, keys, stores);
    const send = async (from: Device, to: Device): Promise<Outcome> =>
      to.decrypt(from.address, await from.encrypt(to.address, Uint8Array.of(1), 0));
    await sender.start(OURS, receiver.bundle(0), 0);
    await send(sender, receiver);
    await send(receiver, sender);
    const answered = decodeSessionRecord(stores.sessions.get(nameOf(OURS))!);
    await sender.start(OURS, receiver.bundle(null), 0);
    await send(sender, receiver);
    return receiver.decrypt(THEIRS, sendUpTo(senderOf(keys), answered, [13_000])(13_000));
  };

  test(
    'of 13,000 under a new key of an archived session is read by the package, and not by us',
    { timeout: 180_000 },
    async () => {
      expect((await inArchivedSession(officialDevice(newest.library, OURS))).verdict).toBe('accepted');
      expect((await inArchivedSession(ourDevice(OURS))).verdict).toBe('refused');
    },
  );
});

test('of 41 sessions that a new one has replaced, the newest 40 are kept', async () => {
  const twins = createTwins();
  const local = senderOf(ourKeys());
  const startAndSend = () => {
    const started = startSession(local, OURS, null, twins.ours.bundle(null), 0);
    const first = encrypt(local, OURS, started, Uint8Array.of(1), 0);
    return { first, second: encrypt(local, OURS, first.record, Uint8Array.of(2), 0) };
  };
  const oldest = startAndSend();
  await receive(twins, THEIRS, oldest.first);
  for (let session = 0; session < 40; session += 1) await receive(twins, THEIRS, startAndSend().first);
  expect(await agreed(twins, THEIRS, oldest.second)).toBe('accepted');
  await receive(twins, THEIRS, startAndSend().first);
  expect(await agreed(twins, THEIRS, oldest.second)).toBe('refused');
});

describe.each([
  ['ours', () => ourDevice(OURS)],
  ['the official package', () => officialDevice(newest.library, OURS)],
])('a session of %s that nobody answers', (_, create: () => Device) => {
  test('sends for 30 days from the whole second of its start, and not a millisecond longer', async () => {
    const remote = officialDevice(newest.library, THEIRS);
    const device = create();
    const startedMs = 1_700_000_000_500;
    const lastMs = 1_700_000_000_000 + 30 * 24 * 60 * 60 * 1000;
    await device.start(THEIRS, remote.bundle(0), startedMs);
    expect(await device.encrypt(THEIRS, Uint8Array.of(1), lastMs)).toMatchObject({ type: 'pre-key-message' });
    await expect(device.encrypt(THEIRS, Uint8Array.of(2), lastMs + 1)).rejects.toThrow();
    expect(await device.encrypt(THEIRS, Uint8Array.of(3), lastMs)).toMatchObject({ type: 'pre-key-message' });
  });
});
