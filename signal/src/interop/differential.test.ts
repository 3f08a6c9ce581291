import { describe, expect, test } from 'vitest';
import { bytesField, decodeFields } from '../protobuf.ts';
import type { Address } from '../session/address.ts';
import { write, type Letter } from './conversation.model.ts';
import type { Ciphertext, Device } from './device.model.ts';
import { officialDevice } from './official-device.model.ts';
import { newest } from './official-package.model.ts';
import { OURS, STRANGER, THEIRS } from './pairs.model.ts';
import { readRawFields, writeRawFields } from './raw-fields.model.ts';
import { agreed, createTwins, receive, type Twins } from './twins.model.ts';

/**
 * The same bytes to us and to the official package, the same verdict. `agreed` also sees to it that a refusal leaves
 * both states as they were.
 */

const start = async (oneTime: number | null, from: Address = THEIRS, to: Address = OURS) => {
  const twins = createTwins(1, to);
  const sender = officialDevice(newest.library, from);
  await sender.start(to, twins.ours.bundle(oneTime));
  return { twins, sender, send: (): Promise<Letter> => write(sender, twins.ours) };
};

/** A session that both twins have, and the next message without its wrapper. */
const startWithMessage = async () => {
  const { twins, sender, send } = await start(0);
  await receive(twins, sender.address, (await send()).message);
  return { twins, sender, send, message: unwrapped((await send()).message) };
};

/** The message inside a pre-key message, as it is sent once the session is answered. */
const unwrapped = ({ body }: Ciphertext): Ciphertext => ({
  type: 'message',
  body: bytesField(decodeFields(body.subarray(1)), 4) ?? new Uint8Array(),
});

const withFlippedBit = ({ type, body }: Ciphertext, index: number): Ciphertext => {
  const flipped = body.slice();
  flipped[index] = (flipped[index] ?? 0) ^ (1 << (index % 8));
  return { type, body: flipped };
};

const flippedAndAccepted = async (
  twins: Twins,
  sender: Device,
  message: Ciphertext,
): Promise<readonly number[]> => {
  const accepted: number[] = [];
  for (let index = 0; index < message.body.length; index += 1) {
    const verdict = await agreed(twins, sender.address, withFlippedBit(message, index));
    if (verdict === 'accepted') accepted.push(index);
  }
  return accepted;
};

/** Offsets of the sender's registration id, which nothing authenticates. */
const registrationIdOffsets = ({ body }: Ciphertext): readonly number[] => {
  const fields = readRawFields(body.subarray(1));
  const place = fields.findIndex(({ number }) => number === 5);
  const [first, end] = [place, place + 1].map((count) => 1 + writeRawFields(fields.slice(0, count)).length);
  return Array.from({ length: end! - first! }, (_, index) => first! + index);
};

const truncated = function* ({ type, body }: Ciphertext): Iterable<Ciphertext> {
  for (let length = 0; length < body.length; length += 1) yield { type, body: body.subarray(0, length) };
};

describe('a bit in each byte flipped', () => {
  test('of a first message', { timeout: 180_000 }, async () => {
    const { twins, sender, send } = await start(0);
    const { message } = await send();
    const accepted = await flippedAndAccepted(twins, sender, message);
    // Bit 0 of the version byte: only its high half is read.
    expect([0, ...registrationIdOffsets(message)]).toEqual(expect.arrayContaining([...accepted]));
    expect(accepted).toContain(0);
    await receive(twins, sender.address, message);
  });

  test('of a message', async () => {
    const { twins, sender, message } = await startWithMessage();
    expect(await flippedAndAccepted(twins, sender, message)).toEqual([]);
    await receive(twins, sender.address, message);
  });
});

describe('cut off at each length', () => {
  test('a first message', async () => {
    const { twins, sender, send } = await start(0);
    const { message } = await send();
    for (const part of truncated(message)) expect(await agreed(twins, sender.address, part)).toBe('refused');
    await receive(twins, sender.address, message);
  });

  test('a message', async () => {
    const { twins, sender, message } = await startWithMessage();
    for (const part of truncated(message)) expect(await agreed(twins, sender.address, part)).toBe('refused');
    await receive(twins, sender.address, message);
  });
});

test('every version byte', async () => {
  const { twins, sender, send } = await start(0);
  const { message } = await send();
  const accepted: number[] = [];
  for (let version = 0; version < 256; version += 1) {
    const body = Uint8Array.from(message.body, (byte, index) => (index === 0 ? version : byte));
    const verdict = await agreed(twins, sender.address, { ...message, body });
    if (verdict === 'accepted') accepted.push(version);
    const inside = unwrapped(message).body.with(0, version);
    if (version !== 0x44) {
      expect(await agreed(twins, sender.address, { type: 'message', body: inside })).toBe('refused');
    }
  }
  expect(accepted).toEqual(Array.from({ length: 16 }, (_, low) => 0x40 + low));
});

describe('replayed', () => {
  test('at once and later', async () => {
    const { twins, sender, send } = await start(0);
    const letters = [await send(), await send(), await send()];
    for (const { message } of letters) await receive(twins, sender.address, message);
    for (const { message } of letters) {
      expect(await agreed(twins, sender.address, message)).toBe('duplicate');
      expect(await agreed(twins, sender.address, unwrapped(message))).toBe('duplicate');
    }
  });

  test.each([0, null])('after the session was deleted (one-time key: %s)', async (oneTime) => {
    const { twins, sender, send } = await start(oneTime);
    const letters = [await send(), await send()];
    await receive(twins, sender.address, letters[0]!.message);
    for (const device of [twins.ours, twins.theirs]) device.forget(sender.address);
    for (const { message } of letters) {
      expect(await agreed(twins, sender.address, message)).toBe('refused');
      expect(await agreed(twins, sender.address, unwrapped(message))).toBe('refused');
    }
  });

  test('as the other type', async () => {
    const { twins, sender, send, message } = await startWithMessage();
    const first = (await send()).message;
    expect(await agreed(twins, sender.address, { type: 'message', body: first.body })).toBe('refused');
    expect(await agreed(twins, sender.address, { ...message, type: 'pre-key-message' })).toBe('refused');
  });
});

describe('under another address', () => {
  const uuid = OURS.name;
  const upperCase = { ...THEIRS, name: 'ABCDEFAB-ABCD-4ABC-8ABC-ABCDEFABCDEF' };
  const sameInLowerCase = { ...upperCase, name: upperCase.name.toLowerCase() };
  const cases: readonly (readonly [
    string,
    { from: Address; to: Address; by?: Address; as?: Address },
    string,
  ])[] = [
    ['the right ones', { from: THEIRS, to: OURS }, 'accepted'],
    ['another sender', { from: THEIRS, to: OURS, by: STRANGER }, 'refused'],
    ['another device of the sender', { from: THEIRS, to: OURS, by: { ...THEIRS, deviceId: 9 } }, 'refused'],
    ['another recipient', { from: THEIRS, to: OURS, as: STRANGER }, 'refused'],
    ['another device of the recipient', { from: THEIRS, to: OURS, as: { ...OURS, deviceId: 9 } }, 'refused'],
    ['the sender itself as recipient', { from: THEIRS, to: OURS, as: THEIRS }, 'refused'],
    ['small letters for great ones', { from: THEIRS, to: upperCase, as: sameInLowerCase }, 'accepted'],
    ['a PNI', { from: { name: `PNI:${uuid}`, deviceId: 1 }, to: OURS }, 'accepted'],
    ['a PNI for its UUID', { from: THEIRS, to: OURS, as: { ...OURS, name: `PNI:${uuid}` } }, 'refused'],
    ['a PNI with small letters', { from: THEIRS, to: OURS, as: { ...OURS, name: `pni:${uuid}` } }, 'refused'],
    [
      'a UUID without hyphens',
      { from: THEIRS, to: OURS, as: { ...OURS, name: uuid.replaceAll('-', '') } },
      'refused',
    ],
    ['a UUID in braces', { from: THEIRS, to: OURS, as: { ...OURS, name: `{${uuid}}` } }, 'refused'],
    ['no UUID', { from: THEIRS, to: OURS, as: { ...OURS, name: 'alice' } }, 'refused'],
    [
      'no UUIDs at all',
      { from: { name: 'bob', deviceId: 1 }, to: { name: 'alice', deviceId: 1 } },
      'accepted',
    ],
    [
      'no UUIDs at all, another sender',
      { from: { name: 'bob', deviceId: 1 }, to: { name: 'alice', deviceId: 1 }, by: STRANGER },
      'accepted',
    ],
    ['the sender with no UUID', { from: { name: 'bob', deviceId: 1 }, to: OURS }, 'accepted'],
    [
      'the greatest device ids',
      { from: { ...THEIRS, deviceId: 127 }, to: { ...OURS, deviceId: 127 } },
      'accepted',
    ],
  ];

  test.each(cases)('%s', async (_, { from, to, by = from, as = to }, expected) => {
    const { twins, send } = await start(0, from, to);
    const { message } = await send();
    expect(await agreed(twins, by, message, as)).toBe(expected);
    expect(await agreed(twins, by, unwrapped(message), as)).toBe('refused');
    await receive(twins, from, message);
    const second = (await send()).message;
    const expectedNow = by === from ? expected : 'refused';
    expect(await agreed(twins, by, second, as)).toBe(expectedNow);
    expect(await agreed(twins, by, unwrapped(second), as)).toBe(expectedNow);
  });
});
