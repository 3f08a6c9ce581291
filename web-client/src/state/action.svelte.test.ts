import { expect, it } from 'vitest';
import { EngineError } from '../engine/engine-error.ts';
import { Action } from './action.svelte.ts';

it('is busy until the work is done, and does not begin twice', async () => {
  const action = new Action();
  const work = Promise.withResolvers<undefined>();
  let runs = 0;
  const first = action.run(() => {
    runs += 1;
    return work.promise;
  });
  expect(action.busy).toBe(true);
  expect(await action.run(() => work.promise)).toBe(false);
  work.resolve(undefined);
  expect(await first).toBe(true);
  expect({ runs, busy: action.busy }).toEqual({ runs: 1, busy: false });
});

it('keeps why it failed until the next time', async () => {
  const action = new Action();
  const refused = new EngineError({ code: 'username-taken', message: 'taken' });
  expect(await action.run(() => Promise.reject(refused))).toBe(false);
  expect({ code: action.failure?.code, busy: action.busy }).toEqual({ code: 'username-taken', busy: false });
  await action.run(() => Promise.resolve());
  expect(action.failure).toBeNull();
});
