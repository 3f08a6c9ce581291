import { expect, test } from 'vitest';
import type { Step } from '../plan/plan.ts';
import { shrinkPlan } from './shrink.ts';

const operation = (name: string): Step => ({ kind: 'operation', name, numbers: [1], pauseMs: 100 });
const fault = (number: number, name: string): Step => {
  return { kind: 'fault', name, numbers: [], fault: number, pauseMs: 100 };
};
const ended = (number: number): Step => ({ kind: 'fault-ended', fault: number, pauseMs: 0 });

/** Two texts around a kill, among much else. */
const whole: Step[] = [
  ...Array.from({ length: 20 }, (_, index) => operation(index % 2 === 0 ? 'read' : 'react')),
  fault(1, 'stalled'),
  operation('text'),
  operation('text'),
  fault(2, 'killed'),
  ended(1),
  operation('text'),
  fault(3, 'killed'),
  ended(3),
  ended(2),
  ...Array.from({ length: 20 }, () => operation('read')),
];
const namesOf = (plan: readonly Step[]): string[] =>
  plan.map((step) => (step.kind === 'fault-ended' ? `end of ${step.fault}` : step.name));

/** A text before a kill, and one while it lasts. */
const showsIt = (plan: readonly Step[]): boolean => {
  const names = namesOf(plan);
  const kill = names.indexOf('killed');
  const end = names.indexOf('end of 2');
  const isBefore = names.slice(0, Math.max(kill, 0)).includes('text');
  return kill >= 0 && isBefore && names.slice(kill, end).includes('text');
};

test('finds the few steps that are needed, faults with their ends', async () => {
  const shrunk = await shrinkPlan(whole, { shows: (plan) => Promise.resolve(showsIt(plan)), maxRuns: 500 });
  expect(namesOf(shrunk?.plan ?? [])).toEqual(['text', 'killed', 'text', 'end of 2']);
  expect(shrunk?.smallest.shown).toBeGreaterThan(0);
});

test('what is left takes no longer pauses than it must', async () => {
  const total = (plan: readonly Step[]): number => plan.reduce((sum, { pauseMs }) => sum + pauseMs, 0);
  const slowly = (plan: readonly Step[]): Promise<boolean> =>
    Promise.resolve(showsIt(plan) && total(plan) > 2_000);
  const slow = await shrinkPlan(whole, { shows: slowly, maxRuns: 500 });
  expect(total(slow?.plan ?? [])).toBeGreaterThan(2_000);
  const quick = await shrinkPlan(whole, { shows: (plan) => Promise.resolve(showsIt(plan)), maxRuns: 500 });
  expect(total(quick?.plan ?? [])).toBeLessThanOrEqual(1_000);
});

test('a plan that shows it now and then is tried more often before it is given up', async () => {
  let runs = 0;
  // Every second run shows it.
  const shows = (plan: readonly Step[]): Promise<boolean> =>
    Promise.resolve((runs += 1) % 2 === 0 && showsIt(plan));
  const shrunk = await shrinkPlan(whole, { shows, maxRuns: 2_000 });
  expect(shrunk?.whole).toEqual({ shown: 1, runs: 3 });
  expect(namesOf(shrunk?.plan ?? [])).toEqual(['text', 'killed', 'text', 'end of 2']);
});

test('ends after so many runs with the smallest plan that has shown it', async () => {
  let runs = 0;
  const shows = (plan: readonly Step[]): Promise<boolean> => {
    runs += 1;
    return Promise.resolve(showsIt(plan));
  };
  const shrunk = await shrinkPlan(whole, { shows, maxRuns: 8 });
  expect(runs).toBe(8);
  expect(shrunk?.runs).toBe(8);
  expect(showsIt(shrunk?.plan ?? [])).toBe(true);
  expect(shrunk?.plan.length).toBeLessThan(whole.length);
});

test('what is not shown again is not made smaller', async () => {
  expect(await shrinkPlan(whole, { shows: () => Promise.resolve(false), maxRuns: 100 })).toBeNull();
});
