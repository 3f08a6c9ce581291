import { expect, test } from 'vitest';
import { mintMessageId, type Envelope } from '@restante/protocol';
import { waitFor } from '../node/testing/wait-for.ts';
import { createLiveQueue } from './live-queue.ts';

const unexpected = (): never => {
  throw new Error('unexpected');
};

const envelopeAt = (time: number): Envelope => ({
  id: mintMessageId(time, new Uint8Array(10)),
  senderId: '11111111-1111-4111-8111-111111111111',
  senderDeviceId: 1,
  sentAt: time,
  expiresAt: time + 1,
  type: 'message',
  payload: 'A'.repeat(100),
});

test('holds back until the last hold is released, then gives everything in order', async () => {
  const taken: number[] = [];
  const take = (batch: readonly Envelope[]): Promise<void> => {
    taken.push(...batch.map(({ sentAt }) => sentAt));
    return Promise.resolve();
  };
  const queue = createLiveQueue(take, unexpected, unexpected);
  queue.hold();
  queue.hold();
  for (let time = 0; time < 200; time += 1) queue.push(envelopeAt(time));
  queue.release();
  await Promise.resolve();
  expect(taken).toEqual([]);
  queue.release();
  await waitFor('all taken', () => taken.length === 200);
  expect(taken).toEqual(Array.from({ length: 200 }, (_, time) => time));
});

test('at the byte bound it leaves out what comes, and says so when it gives on', async () => {
  const taken: number[] = [];
  let overflows = 0;
  const take = (batch: readonly Envelope[]): Promise<void> => {
    taken.push(...batch.map(({ sentAt }) => sentAt));
    return Promise.resolve();
  };
  const queue = createLiveQueue(take, () => (overflows += 1), unexpected, 1_000);
  queue.hold();
  for (let time = 0; time < 15; time += 1) queue.push(envelopeAt(time));
  expect(overflows).toBe(0);
  queue.release();
  await waitFor('told', () => overflows === 1);
  expect(taken).toEqual(Array.from({ length: 10 }, (_, time) => time));
  queue.push(envelopeAt(20));
  await waitFor('goes on', () => taken.at(-1) === 20);
  expect(overflows).toBe(1);
});

test('a batch that could not be taken is a fault, not an end: the mailboxes are read again', async () => {
  const faults: unknown[] = [];
  let overflows = 0;
  let broken = true;
  const taken: number[] = [];
  const take = (batch: readonly Envelope[]): Promise<void> => {
    if (broken) return Promise.reject(new Error('disk full'));
    taken.push(batch.length);
    return Promise.resolve();
  };
  const onOverflow = (): void => void (overflows += 1);
  const queue = createLiveQueue(take, onOverflow, (error) => faults.push(error));
  queue.push(envelopeAt(1));
  await waitFor('fault', () => faults.length === 1);
  await waitFor('the mailboxes to be read', () => overflows === 1);
  broken = false;
  queue.push(envelopeAt(2));
  await waitFor('next', () => taken.length === 1);
});
