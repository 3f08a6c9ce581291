import { expect, test } from 'vitest';
import type { Line } from '../history/line.ts';
import { figuresOf, summaryOf } from './figures.ts';

const history: Line[] = [
  { at: 1, type: 'fault', fault: 1, name: 'killed', on: 'node1' },
  { at: 2, type: 'invoked', device: 'alice/1', operation: 1, name: 'text', args: { to: 'b', text: 'one' } },
  { at: 3, type: 'returned', device: 'alice/1', operation: 1, message: { author: 'a', id: 'id-1' } },
  { at: 4, type: 'invoked', device: 'alice/1', operation: 2, name: 'refresh', args: {} },
  { at: 5, type: 'returned', device: 'alice/1', operation: 2 },
  ...(['node1', 'node2', 'alice/1'] as const).map((who, index): Line => ({
    at: 6,
    type: 'memory',
    who,
    bytes: (index + 1) * 2 ** 20,
  })),
];

test('a run is counted by kinds', () => {
  const allowed = [{ policy: 'one copy', what: 'x' }];
  expect(figuresOf(7, 12, { history, violations: [], allowed, healMs: 1234.5 })).toEqual({
    ...{ seed: 7, seconds: 12, messages: 1, healMs: 1235, violations: [] },
    operations: { text: 1, refresh: 1 },
    faults: { killed: 1 },
    memoryMiB: { node: 2, messenger: 3 },
    allowed: { 'one copy': 1 },
  });
});

test('many runs are summed up, with the times to heal by percentile', () => {
  const runs = Array.from({ length: 100 }, (_, index) =>
    figuresOf(index, 2, { history, violations: [], allowed: [], healMs: 10 * (100 - index) }),
  );
  expect(summaryOf(runs)).toEqual({
    ...{ seeds: 100, seconds: 200, messages: 100, violations: 0, allowed: {} },
    operations: { text: 100, refresh: 100 },
    faults: { killed: 100 },
    memoryMiB: { node: [2, 2, 2], messenger: [3, 3, 3] },
    healMs: { p50: 500, p99: 990, max: 1000 },
  });
  expect(summaryOf([]).healMs).toBeNull();
});
