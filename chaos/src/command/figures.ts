import type { Violation } from '../checker/violation.ts';
import type { Line } from '../history/line.ts';
import type { RunResult } from '../run/run-plan.ts';

/** A run in figures. */
export type Figures = {
  readonly seed: number;
  readonly seconds: number;
  /** How often each was done, by its name. */
  readonly operations: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** Texts that were promised. */
  readonly messages: number;
  /** From the end of all faults until everything was at rest. */
  readonly healMs: number;
  readonly violations: readonly Violation[];
  /** Losses that a policy allows, by the policy. */
  readonly allowed: Readonly<Record<string, number>>;
};

const countBy = <T>(items: readonly T[], nameOf: (item: T) => string): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(items, nameOf)].map(([name, { length }]) => [name, length]));

const named = (history: readonly Line[], type: 'invoked' | 'fault'): Record<string, number> =>
  countBy(
    history.flatMap((line) => (line.type === type ? [line.name] : [])),
    (name) => name,
  );

export const figuresOf = (
  seed: number,
  seconds: number,
  { history, violations, allowed, healMs }: RunResult,
): Figures => ({
  seed,
  seconds,
  operations: named(history, 'invoked'),
  faults: named(history, 'fault'),
  messages: history.filter((line) => line.type === 'returned' && line.message !== undefined).length,
  healMs: Math.round(healMs),
  violations,
  allowed: countBy(allowed, ({ policy }) => policy),
});

/** Many runs in figures. */
export type Summary = Pick<Figures, 'operations' | 'faults' | 'messages' | 'allowed'> & {
  readonly seeds: number;
  readonly seconds: number;
  readonly violations: number;
  /** Times to heal; null without a run. */
  readonly healMs: { readonly p50: number; readonly p99: number; readonly max: number } | null;
};

const total = (counts: readonly Readonly<Record<string, number>>[]): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const [name, count] of counts.flatMap((each) => Object.entries(each)))
    sums[name] = (sums[name] ?? 0) + count;
  return sums;
};
const sum = (numbers: readonly number[]): number => numbers.reduce((left, right) => left + right, 0);

/** The smallest number that so many of a hundred do not exceed. */
const percentile = (sorted: readonly number[], percent: number): number =>
  sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0;

export const summaryOf = (runs: readonly Figures[]): Summary => {
  const healed = runs.map(({ healMs }) => healMs).sort((a, b) => a - b);
  const at = (percent: number): number => percentile(healed, percent);
  return {
    seeds: runs.length,
    seconds: sum(runs.map(({ seconds }) => seconds)),
    operations: total(runs.map(({ operations }) => operations)),
    faults: total(runs.map(({ faults }) => faults)),
    messages: sum(runs.map(({ messages }) => messages)),
    violations: sum(runs.map(({ violations }) => violations.length)),
    allowed: total(runs.map(({ allowed }) => allowed)),
    healMs: runs.length === 0 ? null : { p50: at(50), p99: at(99), max: at(100) },
  };
};
