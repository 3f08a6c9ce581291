import { expect, test } from 'vitest';
import { waitFor } from '../node/testing/wait-for.ts';
import { createFollower } from './follower.ts';

test('that following is ended is no fault; that a node answers what it should not is', async () => {
  const faults: unknown[] = [];
  let opened = 0;
  let ended = 0;
  let broken: Error | null = null;
  const follower = createFollower({
    nodeCount: () => 3,
    // eslint-disable-next-line require-yield
    events: async function* (_node, signal, onOpen) {
      onOpen();
      opened += 1;
      if (broken !== null) throw broken;
      try {
        await new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        );
      } finally {
        ended += 1;
      }
    },
    onEnvelope: () => undefined,
    onOpen: () => undefined,
    onFault: (error) => faults.push(error),
    backoff: { minMs: 1, maxMs: 1 },
  });
  follower.follow();
  await waitFor('three streams', () => opened === 3);
  follower.unfollow();
  await waitFor('their ends', () => ended === 3);
  expect(faults).toEqual([]);

  broken = new Error('no answer that there is');
  follower.follow();
  await waitFor('a fault', () => faults.length > 0);
  follower.unfollow();
  expect(faults[0]).toBe(broken);
});
