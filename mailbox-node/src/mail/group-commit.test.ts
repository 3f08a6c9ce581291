import { waitFor } from '@restante/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createByteBudget } from './byte-budget.ts';
import { createGroupCommit } from './group-commit.ts';

/** Commits that end when the test says so. */
const manualCommits = () => {
  const batches: { items: readonly string[]; end: () => void; fail: (error: Error) => void }[] = [];
  const commit = (items: readonly string[]): Promise<void> =>
    new Promise((resolve, reject) => batches.push({ items, end: resolve, fail: reject }));
  return { batches, commit };
};

const start = (limits: { maxBatchItems?: number; maxBatchBytes?: number; budgetBytes?: number } = {}) => {
  const { batches, commit } = manualCommits();
  const budget = createByteBudget(limits.budgetBytes ?? 1_000);
  const group = createGroupCommit({ commit, budget, maxBatchItems: 100, maxBatchBytes: 1_000, ...limits });
  return { batches, budget, group };
};

describe('group commit', () => {
  it('writes a lone item at once, and what comes meanwhile in one batch after it', async () => {
    const { batches, group } = start();
    const adds = [group.add(['a'], 1), group.add(['b'], 1), group.add(['c', 'd'], 1)];
    expect(batches.map(({ items }) => items)).toEqual([['a']]);
    batches[0]!.end();
    await adds[0];
    await waitFor('the next batch', () => batches.length === 2);
    expect(batches.map(({ items }) => items)).toEqual([['a'], ['b', 'c', 'd']]);
    batches[1]!.end();
    await Promise.all(adds);
  });

  it('begins the next batch a while after one with several items, and takes along what may ride', async () => {
    const { batches, group } = start();
    const first = group.add(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], 1);
    batches[0]!.end();
    await first;
    const adds = [group.add(['r'], 1, true), group.add(['b'], 1)];
    expect(batches).toHaveLength(1);
    await waitFor('the next batch', () => batches.length === 2);
    expect(batches[1]!.items).toEqual(['r', 'b']);
    batches[1]!.end();
    await Promise.all(adds);
    const alone = group.add(['s'], 1, true);
    await waitFor('what rides with nothing', () => batches.length === 3);
    batches[2]!.end();
    await alone;
    await group.idle();
  });

  it('goes on after a write that took long, however much has come to ride meanwhile', async () => {
    const many = 150_000;
    const { batches, group } = start({ maxBatchItems: many, maxBatchBytes: many, budgetBytes: 2 * many });
    const first = group.add(['a'], 1);
    const adds = Array.from({ length: many }, () => group.add(['r'], 1, true));
    batches[0]!.end();
    await first;
    await waitFor('the next batch', () => batches.length === 2);
    expect(batches[1]!.items).toHaveLength(many);
    batches[1]!.end();
    await Promise.all(adds);
  });

  it('tells every caller of a failed batch, and goes on with the next', async () => {
    const { batches, budget, group } = start();
    const first = group.add(['a'], 1);
    const second = group.add(['b'], 1);
    batches[0]!.fail(new Error('disk'));
    await expect(first).rejects.toThrow('disk');
    await waitFor('the next batch', () => batches.length === 2);
    batches[1]!.end();
    await second;
    await group.idle();
    expect(budget.usedBytes()).toBe(0);
  });

  it('bounds a batch in items and bytes, and keeps one call together', async () => {
    const { batches, group } = start({ maxBatchItems: 3, maxBatchBytes: 10 });
    const adds = [['a'], ['b', 'c'], ['d', 'e'], ['f', 'g', 'h', 'i'], ['j']].map((items) =>
      group.add(items, 1),
    );
    adds.push(group.add(['k'], 8), group.add(['l'], 8));
    for (let written = 0; written < 6; written += 1) {
      batches[written]!.end();
      if (written < 5) await waitFor('the next batch', () => batches.length === written + 2);
    }
    await Promise.all(adds);
    expect(batches.map(({ items }) => items.join(''))).toEqual(['a', 'bc', 'de', 'fghi', 'jk', 'l']);
  });

  it('writes a large batch beside the one under way, and no third', async () => {
    const { batches, group } = start();
    const large = Array<string>(64).fill('x');
    const adds = [group.add(['a'], 1), group.add(large, 1), group.add(large, 1), group.add(['b'], 1)];
    expect(batches.map(({ items }) => items.length)).toEqual([1, 64]);
    batches[1]!.end();
    await waitFor('the next batch', () => batches.length === 3);
    expect(batches[2]!.items).toHaveLength(65);
    batches[0]!.end();
    batches[2]!.end();
    await Promise.all(adds);
    await group.idle();
  });

  it('refuses at its bound in bytes, and takes again when there is room (law 10)', async () => {
    const { batches, budget, group } = start({ budgetBytes: 10 });
    const first = group.add(['a'], 6);
    await expect(group.add(['b'], 6)).rejects.toMatchObject({
      code: 'unavailable',
      detail: { retryAfterMs: 1_000 },
    });
    batches[0]!.end();
    await first;
    const second = group.add(['b'], 6);
    await waitFor('the next batch', () => batches.length === 2);
    batches[1]!.end();
    await second;
    expect(budget.usedBytes()).toBe(0);
  });

  it('commits every accepted item once, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ size: fc.integer({ min: 1, max: 5 }), fails: fc.boolean() }), { maxLength: 30 }),
        async (calls) => {
          const committed: number[] = [];
          const failing = new Set(calls.flatMap(({ fails }, index) => (fails ? [index] : [])));
          const group = createGroupCommit<{ call: number }>({
            commit: async (items) => {
              await Promise.resolve();
              if (items.some(({ call }) => failing.has(call))) throw new Error('failed');
              committed.push(...items.map(({ call }) => call));
            },
            budget: createByteBudget(1_000),
            maxBatchItems: 8,
            maxBatchBytes: 100,
          });
          const outcomes = await Promise.allSettled(
            calls.map(({ size }, call) => group.add(Array<{ call: number }>(size).fill({ call }), size)),
          );
          const expected = calls.flatMap(({ size }, call) =>
            outcomes[call]!.status === 'fulfilled' ? Array<number>(size).fill(call) : [],
          );
          expect(committed.sort((a, b) => a - b)).toEqual(expected);
          for (const call of failing) expect(outcomes[call]!.status).toBe('rejected');
        },
      ),
    );
  });
});
