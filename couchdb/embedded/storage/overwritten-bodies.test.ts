import { afterEach, expect, it } from 'vitest';
import { waitFor } from '@restante/testkit';
import { OverwrittenBodies } from './overwritten-bodies.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Names in the order in which they are dropped; the first time fails. */
const follow = () => {
  const dropped: string[] = [];
  const bodies = new OverwrittenBodies((id) => {
    dropped.push(id);
    return dropped.length === 1 ? Promise.reject(new Error('closed')) : Promise.resolve();
  }, 5);
  ends.push(() => bodies.end());
  return { bodies, dropped };
};

it('drops what has been left alone, once for each time that it is written, and goes on after a failure', async () => {
  const { bodies, dropped } = follow();
  bodies.note(['a', 'b', 'a']);
  await waitFor('both', () => dropped.length === 2, { everyMs: 1 });
  bodies.note(['b']);
  await waitFor('one again', () => dropped.length === 3, { everyMs: 1 });
  expect(dropped).toEqual(['a', 'b', 'b']);
});

it('drops nothing of a document that is written all the time', async () => {
  const { bodies, dropped } = follow();
  bodies.note(['quiet']);
  await waitFor(
    'a quiet one',
    () => {
      bodies.note(['busy']);
      return dropped.length > 0;
    },
    { everyMs: 1 },
  );
  expect(dropped).toEqual(['quiet']);
});
