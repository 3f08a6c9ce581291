import * as official from '@signalapp/libsignal-client';
import { beforeEach, describe, expect, test } from 'vitest';
import { ascii, concat } from '../bytes.ts';
import { systemRandom, type RandomBytes } from '../random.ts';
import { errorCodeOf } from '../testing/signal-error.model.ts';
import { flipBit } from '../testing/vectors.model.ts';
import { newMember, type Member } from './member.model.ts';
import { DISTRIBUTION_ID, newOfficialMember, type OfficialMember } from './official-member.model.ts';

/** Group messages between this implementation and the official package, in both directions. */

const text = (index: number) => ascii(`letter ${index}`);

/** The chain id then takes five bytes in every run. */
const withLargeChainId: RandomBytes = (length) =>
  length === 4 ? new Uint8Array(4).fill(0xff) : systemRandom(length);

/** The words that both use for the outcome of reading. */
const officially = async (member: OfficialMember, body: Uint8Array): Promise<string> => {
  try {
    return Buffer.from(await member.decrypt(body)).toString('hex');
  } catch (error) {
    const isDuplicate = official.LibSignalErrorBase.is(error, official.ErrorCode.DuplicatedMessage);
    return isDuplicate ? 'duplicate' : 'refused';
  }
};

const ours = (member: Member, body: Uint8Array): string => {
  let plaintext: Uint8Array = new Uint8Array(0);
  const code = errorCodeOf(() => {
    plaintext = member.decrypt(body);
  });
  if (code === null) return Buffer.from(plaintext).toString('hex');
  return code === 'duplicate-message' ? 'duplicate' : 'refused';
};

let our: Member;
let their: OfficialMember;

beforeEach(() => {
  our = newMember();
  their = newOfficialMember();
});

test('the official package reads ours: in order, out of order, after a loss, a late joiner', async () => {
  const late = newOfficialMember();
  await their.process(our.distribution(DISTRIBUTION_ID));
  const bodies = Array.from({ length: 20 }, (_, index) => our.encrypt(text(index)));
  for (const index of [0, 1, 2, 7, 5, 3, 19, 4])
    expect(await officially(their, bodies[index]!)).toBe(Buffer.from(text(index)).toString('hex'));
  expect(await officially(their, bodies[5]!)).toBe('duplicate');
  await late.process(our.distribution(DISTRIBUTION_ID));
  expect(await officially(late, bodies[19]!)).toBe('duplicate');
  expect(await officially(late, our.encrypt(text(20)))).toBe(Buffer.from(text(20)).toString('hex'));
});

test('we read those of the official package', async () => {
  const late = newMember();
  our.process(await their.distribution());
  const bodies: Uint8Array[] = [];
  for (let index = 0; index < 20; index += 1) bodies.push((await their.encrypt(text(index))).serialize());
  for (const index of [0, 1, 2, 7, 5, 3, 19, 4]) expect(our.decrypt(bodies[index]!)).toEqual(text(index));
  expect(ours(our, bodies[5]!)).toBe('duplicate');
  late.process(await their.distribution());
  expect(ours(late, bodies[19]!)).toBe('duplicate');
  expect(late.decrypt((await their.encrypt(text(20))).serialize())).toEqual(text(20));
});

test('both know five chains of a sender and forget the same one', async () => {
  const senders = Array.from({ length: 7 }, () => newMember());
  const bodies: Uint8Array[] = [];
  for (const [index, member] of senders.entries()) {
    const distribution = member.distribution(DISTRIBUTION_ID);
    our.process(distribution);
    await their.process(distribution);
    bodies.push(member.encrypt(text(index)));
    if (index !== 3) continue;
    const again = senders[0]!.distribution(DISTRIBUTION_ID);
    our.process(again);
    await their.process(again);
  }
  const verdicts = bodies.map((body) => ours(our, body));
  expect(verdicts.filter((verdict) => verdict === 'refused').length).toBe(2);
  for (const [index, body] of bodies.entries()) expect(await officially(their, body)).toBe(verdicts[index]);
});

test('we give away no chain of another sender, the official package does', async () => {
  const foreign = newMember().distribution(DISTRIBUTION_ID);
  our.process(foreign);
  expect(errorCodeOf(() => our.distribution(DISTRIBUTION_ID))).toBe('no-sender-key');
  await their.process(foreign);
  expect(new Uint8Array(await their.distribution())).toEqual(foreign);
});

test('a signing key with bit 255 set: the official package takes it, we do not', async () => {
  const distribution = newMember().distribution(DISTRIBUTION_ID);
  const otherForm = distribution.with(-1, distribution.at(-1)! | 0x80);
  expect(errorCodeOf(() => our.process(otherForm))).toBe('invalid-message');
  await expect(their.process(otherForm)).resolves.toBeUndefined();
});

describe('the same verdict on', () => {
  let bodies: Uint8Array[];
  let distribution: Uint8Array;

  beforeEach(() => {
    const author = newMember(withLargeChainId);
    distribution = author.distribution(DISTRIBUTION_ID);
    bodies = Array.from({ length: 4 }, (_, index) => author.encrypt(text(index)));
  });

  const compare = async (body: Uint8Array): Promise<string> => {
    const verdict = ours(our, body);
    expect(await officially(their, body)).toBe(verdict);
    return verdict;
  };

  test('a message with a bit changed in each byte, and the message itself afterwards', async () => {
    our.process(distribution);
    await their.process(distribution);
    const body = bodies[2]!;
    for (let index = 0; index < body.length; index += 1)
      expect(await compare(flipBit(body, 8 * index + (index % 8)))).toBe('refused');
    for (let length = 0; length < body.length; length += 1)
      expect(await compare(body.subarray(0, length))).toBe('refused');
    expect(await compare(concat(body, Uint8Array.of(0)))).toBe('refused');
    expect(await compare(body)).toBe(Buffer.from(text(2)).toString('hex'));
    expect(await compare(body)).toBe('duplicate');
    expect(await compare(bodies[0]!)).toBe(Buffer.from(text(0)).toString('hex'));
  });

  test('a distribution message with a bit changed in each byte', async () => {
    for (let bit = 0; bit < 8 * distribution.length; bit += 3) {
      const changed = flipBit(distribution, bit);
      const [member, theirMember] = [newMember(), newOfficialMember()];
      const refused = errorCodeOf(() => member.process(changed)) !== null;
      const theirRefused = await theirMember.process(changed).then(
        () => false,
        () => true,
      );
      // In the last byte of the chain id these bits are beyond 32: the official package drops them.
      const isBeyond32Bits = bit >= 8 * 24 + 4 && bit <= 8 * 24 + 6;
      expect([bit, refused]).toEqual([bit, isBeyond32Bits || theirRefused]);
      // A changed distribution id belongs to another record; the stores of this test have one.
      const isOfOtherId = bit >= 8 * 3 && bit < 8 * 19;
      if (!refused && !isOfOtherId)
        expect([bit, ours(member, bodies[0]!)]).toEqual([bit, await officially(theirMember, bodies[0]!)]);
    }
  });
});
