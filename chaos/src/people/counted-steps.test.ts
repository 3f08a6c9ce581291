import { memoryVault } from '@restante/client';
import { expect, test } from 'vitest';
import { countedSteps } from './counted-steps.ts';

/** A vault whose owner dies; answers with what it had done by then. */
const run = async (count: number, when: 'before' | 'after', at: 'any' | 'commit' = 'any') => {
  const done: string[] = [];
  const inner = memoryVault();
  const died = Promise.withResolvers<string>();
  const steps = countedSteps(() => died.resolve('died'));
  const vault = steps.vault({
    ...inner,
    get: (table, key) => {
      done.push('get');
      return inner.get(table, key);
    },
    commit: (changes) => {
      done.push('commit');
      return inner.commit(changes);
    },
  });
  steps.dieAt({ at, count, when });
  const living = async (): Promise<string> => {
    for (let round = 0; round < 2; round += 1) {
      await vault.get('outbox', 'a');
      await vault.commit([]);
    }
    return 'lived';
  };
  return { end: await Promise.race([living(), died.promise]), done };
};

test('dies before or after each step, and does nothing more', async () => {
  const all = ['get', 'commit', 'get', 'commit'];
  for (let count = 1; count <= 4; count += 1) {
    expect(await run(count, 'before')).toEqual({ end: 'died', done: all.slice(0, count - 1) });
    expect(await run(count, 'after')).toEqual({ end: 'died', done: all.slice(0, count) });
  }
  expect(await run(5, 'before')).toEqual({ end: 'lived', done: all });
});

test('counts steps of one kind alone', async () => {
  expect(await run(2, 'before', 'commit')).toEqual({ end: 'died', done: ['get', 'commit', 'get'] });
});
