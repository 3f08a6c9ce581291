import { expect, test } from 'vitest';
import { codeOnDemand } from './code-on-demand.ts';

test('code is fetched when it is needed, once', async () => {
  let fetches = 0;
  const code = codeOnDemand(() => Promise.resolve((fetches += 1)));
  expect(fetches).toBe(0);
  expect(await Promise.all([code(), code()])).toEqual([1, 1]);
  expect(await code()).toBe(1);
});

test('code that cannot be fetched is asked for again the next time', async () => {
  const answers = [Promise.reject(new TypeError('no network')), Promise.resolve('here')];
  const code = codeOnDemand(() => answers.shift() ?? Promise.reject(new Error('asked too often')));
  await expect(code()).rejects.toMatchObject({ code: 'unreachable' });
  expect(await code()).toBe('here');
  expect(await code()).toBe('here');
});
