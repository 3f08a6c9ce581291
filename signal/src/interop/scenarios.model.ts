import { expect } from 'vitest';
import type { SeededRandom } from '@restante/testkit/seeded-random';
import {
  deliver,
  deliverAll,
  pingPong,
  refuse,
  write,
  writeMany,
  type Letter,
} from './conversation.model.ts';
import type { Device } from './device.model.ts';

/** `left` starts; its first messages arrive out of order and before an answer. `oneTime` as in `Device.bundle`. */
export const handshake = async (
  random: SeededRandom,
  left: Device,
  right: Device,
  oneTime: number | null,
): Promise<void> => {
  await left.start(right.address, right.bundle(oneTime));
  const first = await writeMany(left, right, 5);
  expect(first.map(({ message }) => message.type)).toEqual(Array(5).fill('pre-key-message'));
  const order = random.shuffled(first);
  await deliverAll(order);
  for (const letter of order) await refuse(letter, 'duplicate');
  const answers = await writeMany(right, left, 3);
  expect(answers.map(({ message }) => message.type)).toEqual(Array(3).fill('message'));
  const late = await write(left, right);
  await deliverAll(random.shuffled(answers));
  for (const letter of answers) await refuse(letter, 'duplicate');
  const next = await write(left, right);
  expect([late.message.type, next.message.type]).toEqual(['pre-key-message', 'message']);
  await deliverAll([next, late]);
};

/** Both start at once, both write, and everything crosses on the way. They end on one session. */
export const startAtOnce = async (
  random: SeededRandom,
  left: Device,
  right: Device,
  oneTime: number | null,
): Promise<void> => {
  await left.start(right.address, right.bundle(oneTime));
  await right.start(left.address, left.bundle(oneTime));
  for (let round = 0; round < 3; round += 1) {
    const crossing = [...(await writeMany(left, right, 3)), ...(await writeMany(right, left, 3))];
    await deliverAll(random.shuffled(crossing));
  }
  await pingPong(left, right, 20);
  const last = [await write(left, right), await write(right, left)];
  expect(last.map(({ message }) => message.type)).toEqual(['message', 'message']);
  await deliverAll(last);
};

/**
 * `left` starts anew six times, and letters of all the sessions before arrive in the end: those of each session
 * that was answered, and the first letters of sessions that nobody knew of.
 */
export const startAgain = async (random: SeededRandom, left: Device, right: Device): Promise<void> => {
  const late: Letter[] = [];
  for (let session = 0; session < 7; session += 1) {
    await left.start(right.address, right.bundle(session % 2 === 0 ? session / 2 : null));
    if (session % 3 === 2) {
      late.push(...(await writeMany(left, right, 2)));
      continue;
    }
    await deliver(await write(left, right));
    late.push(...(await writeMany(right, left, 2)));
    await deliver(await write(right, left));
    late.push(...(await writeMany(left, right, 2)));
  }
  const order = random.shuffled(late);
  await deliverAll(order);
  for (const letter of order) await refuse(letter, 'duplicate');
  await pingPong(left, right, 20);
};
