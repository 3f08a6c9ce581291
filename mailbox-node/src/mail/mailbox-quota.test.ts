import { newMailbox } from '@restante/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMailboxQuota } from './mailbox-quota.ts';

const mailbox = newMailbox();

/** A quota over a mailbox that really holds `state.waiting` messages. */
const start = (maxMessages: number, waiting = 0) => {
  const state = { waiting, counts: 0, nowMs: 0 };
  const quota = createMailboxQuota({
    maxMessages,
    countWaiting: (_mailbox, max) => {
      state.counts += 1;
      return Promise.resolve(Math.min(state.waiting, max));
    },
    now: () => state.nowMs,
  });
  const put = async (wanted: number): Promise<number> => {
    const granted = await quota.reserve(mailbox, wanted);
    state.waiting += granted;
    quota.settle(mailbox, granted, granted);
    return granted;
  };
  return { state, quota, put };
};

describe('mailbox quota', () => {
  it('gives what fits, and nothing at the bound', async () => {
    const { put } = start(10, 7);
    expect(await put(2)).toBe(2);
    expect(await put(3)).toBe(1);
    expect(await put(1)).toBe(0);
  });

  it('counts a mailbox rarely while it is far from full', async () => {
    const { state, put } = start(10_000, 50);
    for (let index = 0; index < 1_000; index += 1) await put(1);
    expect(state.counts).toBeLessThanOrEqual(3);
  });

  it('never refuses on an old count: what was read at another node makes room', async () => {
    const { state, put } = start(15, 15);
    expect(await put(1)).toBe(0);
    state.waiting = 0;
    state.nowMs += 10_000;
    expect(await put(1)).toBe(1);
  });

  it('gives places back that were not used, or were acknowledged', async () => {
    const { quota, state } = start(15, 14);
    expect(await quota.reserve(mailbox, 1)).toBe(1);
    expect(await quota.reserve(mailbox, 1)).toBe(0);
    quota.settle(mailbox, 1, 0);
    expect(await quota.reserve(mailbox, 1)).toBe(1);
    quota.settle(mailbox, 1, 1);
    state.waiting = 15 - 4;
    quota.release(mailbox, 4);
    expect(await quota.reserve(mailbox, 9)).toBe(4);
  });

  it('does not count reservations away that are being written while it counts', async () => {
    const counting: ((waiting: number) => void)[] = [];
    const quota = createMailboxQuota({
      maxMessages: 10,
      countWaiting: () => new Promise((resolve) => counting.push(resolve)),
      now: () => 0,
    });
    const [first, second] = [quota.reserve(mailbox, 6), quota.reserve(mailbox, 6)];
    counting[0]!(0);
    expect((await first) + (await second)).toBe(10);
    expect(counting).toHaveLength(1);
  });

  it('never lets a mailbox pass its bound once it has been counted', async () => {
    const action = fc.oneof(
      fc.record({ put: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ remove: fc.integer({ min: 1, max: 9 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        const { state, quota, put } = start(15, 4);
        for (const step of actions) {
          if ('put' in step) await put(step.put);
          else {
            const removed = Math.min(step.remove, state.waiting);
            state.waiting -= removed;
            quota.release(mailbox, removed);
          }
          expect(state.waiting).toBeLessThanOrEqual(15);
        }
      }),
    );
  });
});
