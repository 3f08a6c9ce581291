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
  /** The most that a process of each kind had in memory. */
  readonly memoryMiB: Readonly<Record<string, number>>;
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

const MIB = 1024 * 1024;

/** `node2` is a node, `alice/1` a messenger. */
const kindOf = (who: string): string => (who.includes('/') ? 'messenger' : who.replace(/\d+$/, ''));

const memoryOf = (history: readonly Line[]): Record<string, number> => {
  const most: Record<string, number> = {};
  for (const line of history) {
    if (line.type !== 'memory') continue;
    const kind = kindOf(line.who);
    most[kind] = Math.max(most[kind] ?? 0, Math.round(line.bytes / MIB));
  }
  return most;
};

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
  memoryMiB: memoryOf(history),
  violations,
  allowed: countBy(allowed, ({ policy }) => policy),
});

/** Many runs in figures. */
export type Summary = Pick<Figures, 'operations' | 'faults' | 'messages' | 'allowed'> & {
  readonly seeds: number;
  readonly seconds: number;
  readonly violations: number;
  /** The most that a process of each kind had in memory in the first run, in the last one, and in any. */
  readonly memoryMiB: Readonly<Record<string, readonly [first: number, last: number, most: number]>>;
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

const memoryOfAll = (runs: readonly Figures[]): Summary['memoryMiB'] => {
  const inRuns = runs.map(({ memoryMiB }) => memoryMiB);
  const of = (memory: Figures['memoryMiB'] | undefined, kind: string): number => memory?.[kind] ?? 0;
  return Object.fromEntries(
    [...new Set(inRuns.flatMap((memory) => Object.keys(memory)))].map((kind) => [
      kind,
      [
        of(inRuns[0], kind),
        of(inRuns.at(-1), kind),
        Math.max(...inRuns.map((memory) => of(memory, kind))),
      ] as const,
    ]),
  );
};

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
    memoryMiB: memoryOfAll(runs),
    healMs: runs.length === 0 ? null : { p50: at(50), p99: at(99), max: at(100) },
  };
};
