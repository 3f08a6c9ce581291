import { expect } from 'vitest';
import type { SeededRandom } from '@restante/testkit/seeded-random';
import { decodeFields, bytesField } from '../protobuf.ts';
import { decodeVarint } from '../varint.ts';
import type { Ciphertext, Device } from './device.model.ts';

export type Letter = {
  readonly from: Device;
  readonly to: Device;
  readonly plaintext: Uint8Array;
  readonly message: Ciphertext;
};

let serial = 0;

/** A letter with a text of its own. */
export const write = async (from: Device, to: Device): Promise<Letter> => {
  const plaintext = new TextEncoder().encode(`letter ${serial++} of ${from.address.name}`);
  return { from, to, plaintext, message: await from.encrypt(to.address, plaintext) };
};

export const writeMany = async (from: Device, to: Device, count: number): Promise<readonly Letter[]> => {
  const letters: Letter[] = [];
  for (let index = 0; index < count; index += 1) letters.push(await write(from, to));
  return letters;
};

/** Delivers it and expects it to be read. */
export const deliver = async ({ from, to, plaintext, message }: Letter): Promise<void> => {
  const outcome = await to.decrypt(from.address, message);
  expect(outcome.verdict).toBe('accepted');
  if (outcome.verdict === 'accepted') expect(Buffer.from(outcome.plaintext).equals(plaintext)).toBe(true);
};

export const deliverAll = async (letters: readonly Letter[]): Promise<void> => {
  for (const letter of letters) await deliver(letter);
};

/** Delivers it and expects a refusal that changes nothing. */
export const refuse = async (letter: Letter, verdict: 'refused' | 'duplicate' = 'refused'): Promise<void> => {
  const before = letter.to.state();
  expect(await letter.to.decrypt(letter.from.address, letter.message)).toEqual({ verdict });
  expect(letter.to.state()).toBe(before);
};

/** Number of the SPQR epoch that a message names: version byte, then the epoch. */
export const epochOf = ({ type, body }: Ciphertext): number => {
  const message =
    type === 'message' ? body : (bytesField(decodeFields(body.subarray(1)), 4) ?? new Uint8Array());
  const ratchet = bytesField(decodeFields(message.subarray(1, -8)), 5) ?? new Uint8Array();
  return decodeVarint(ratchet, 1).value;
};

/** So many letters, each answered by the next. */
export const pingPong = async (left: Device, right: Device, letters: number): Promise<void> => {
  for (let count = 0; count < letters; count += 2) {
    await deliver(await write(left, right));
    await deliver(await write(right, left));
  }
};

/** Turns of up to so many letters by one side, delivered in order, of which some are lost. */
export const bursts = async (
  random: SeededRandom,
  left: Device,
  right: Device,
  { turns, longest, lossPercent }: { turns: number; longest: number; lossPercent: number },
): Promise<void> => {
  for (let turn = 0; turn < turns; turn += 1) {
    const [from, to] = turn % 2 === 0 ? [left, right] : [right, left];
    const letters = await writeMany(from, to, 1 + random.below(longest));
    const lost = (index: number) => index !== letters.length - 1 && random.below(100) < lossPercent;
    await deliverAll(letters.filter((_, index) => !lost(index)));
  }
};

type Underway = { readonly letter: Letter; overtaken: number };

/**
 * Random order in both directions and 10 % loss, until both have sent a message of the given SPQR epoch. Nothing is
 * overtaken by more than three: four newer ratchet keys are what a receiver can bear.
 */
export const chaos = async (
  random: SeededRandom,
  left: Device,
  right: Device,
  { epoch, mostLetters }: { epoch: number; mostLetters: number },
): Promise<{ letters: number; lost: number }> => {
  const directions = [
    { from: left, to: right, underway: [] as Underway[], epoch: 0 },
    { from: right, to: left, underway: [] as Underway[], epoch: 0 },
  ];
  let [letters, lost] = [0, 0];

  const arrive = async (underway: Underway[]): Promise<void> => {
    const urgent = underway.findIndex(({ overtaken }) => overtaken >= 3);
    const index = urgent === -1 ? random.below(underway.length) : urgent;
    const [next] = underway.splice(index, 1);
    if (next === undefined) return;
    for (const earlier of underway.slice(0, index)) earlier.overtaken += 1;
    if (random.below(10) === 0) lost += 1;
    else await deliver(next.letter);
  };

  while (directions.some((direction) => direction.epoch < epoch)) {
    expect(letters).toBeLessThan(mostLetters);
    for (const direction of random.shuffled(directions)) {
      const { from, to, underway } = direction;
      if (random.below(2) === 0) {
        const letter = await write(from, to);
        direction.epoch = Math.max(direction.epoch, epochOf(letter.message));
        underway.push({ letter, overtaken: 0 });
        letters += 1;
      }
      while (underway.length > random.below(5)) await arrive(underway);
    }
  }
  for (const { underway } of directions) while (underway.length > 0) await arrive(underway);
  return { letters, lost };
};
