import { expect } from 'vitest';
import type { SeededRandom } from '@restante/testkit/seeded-random';
import { decodeSessionRecord, type SessionRecord } from '../session/session-record.ts';
import { write } from './conversation.model.ts';
import type { Ciphertext, Device, Outcome } from './device.model.ts';
import { takeApart, withoutPqKey, wrap } from './forger.model.ts';
import { newest } from './official-package.model.ts';
import { officialDevice } from './official-device.model.ts';
import { ourDevice } from './our-device.model.ts';
import { ourKeys } from './our-keys.model.ts';
import { OURS, THEIRS } from './pairs.model.ts';
import { readRawFields, type RawField } from './raw-fields.model.ts';
import { newStores, nameOf } from './stores.model.ts';
import { judge } from './twins.model.ts';

/**
 * A forger of ours and a receiver: beside each other, one lane with a receiver of ours and one with the official
 * package's. The two lanes do the same things in the same order, so their states differ in keys only.
 */
export type Lane = {
  readonly forger: Device;
  readonly receiver: Device;
  /** The forger's next message with other fields, a right MAC, and whether it is what the forger would send. */
  readonly forge: (
    random: SeededRandom,
    edit: (fields: readonly RawField[]) => readonly RawField[],
  ) => Ciphertext;
  /** The forger's next message in epoch 1 without a key of the post-quantum ratchet. */
  readonly forgeWithoutPqKey: () => Ciphertext;
};

const lane = (createReceiver: () => Device): Lane => {
  const keys = ourKeys();
  const stores = newStores(keys);
  const forger = ourDevice(THEIRS, keys, stores);
  const receiver = createReceiver();
  const local = { identity: keys.identity, registrationId: keys.registrationId, address: THEIRS };
  const storedRecord = (): SessionRecord => {
    const stored = stores.sessions.get(nameOf(receiver.address));
    if (stored === undefined) throw new Error('no session');
    return decodeSessionRecord(stored);
  };
  return {
    forger,
    receiver,
    forgeWithoutPqKey: () => withoutPqKey(storedRecord(), Uint8Array.of(1)),
    forge: (random, edit) => {
      const { fields, seal, wrapper } = takeApart(
        local,
        receiver.address,
        storedRecord(),
        random.bytes(9),
        random.bytes,
      );
      const body = seal({ fields: edit(fields) });
      return wrapper === null ? { type: 'message', body } : wrap(wrapper, body);
    },
  };
};

export const createLanes = (): readonly [Lane, Lane] => [
  lane(() => ourDevice(OURS)),
  lane(() => officialDevice(newest.library, OURS)),
];

/** A session in each lane, with one message each way. */
export const startLanes = async (lanes: readonly Lane[], starter: 'forger' | 'receiver'): Promise<void> => {
  for (const { forger, receiver } of lanes) {
    const [from, to] = starter === 'forger' ? [forger, receiver] : [receiver, forger];
    await from.start(to.address, to.bundle(0));
    for (const [sender, other] of [
      [from, to],
      [to, from],
    ] as const) {
      const { message } = await write(sender, other);
      expect((await other.decrypt(sender.address, message)).verdict).toBe('accepted');
    }
  }
};

/** Both lanes' verdicts on what `make` gives for each: they have to be the same. */
export const agreedInLanes = async (
  lanes: readonly Lane[],
  make: (lane: Lane) => Ciphertext,
  name: string,
): Promise<Outcome['verdict']> => {
  const verdicts: Outcome['verdict'][] = [];
  for (const lane of lanes) {
    verdicts.push((await judge(lane.receiver, lane.forger.address, make(lane))).verdict);
  }
  expect(verdicts[0], name).toBe(verdicts[1]);
  return verdicts[0] ?? 'refused';
};

/** Field 5 of a message that is not a pre-key message. */
export const pqRatchetOf = ({ body }: Ciphertext): Uint8Array =>
  readRawFields(body.subarray(1, -8)).find(({ number }) => number === 5)?.value ?? new Uint8Array();
