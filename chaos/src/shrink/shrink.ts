import type { Step } from '../plan/plan.ts';

/**
 * Looks for a smaller plan that still shows what a plan has shown, by delta debugging (Zeller and Hildebrandt, "Simplifying and
 * isolating failure-inducing input"). No two runs of a plan are alike: a plan that shows it in one of some runs shows it, and how
 * many runs that takes follows from how often the whole plan did.
 */
export type ShrinkOptions = {
  /** Runs a plan once, and tells whether it has shown it. */
  readonly shows: (plan: readonly Step[]) => Promise<boolean>;
  /** No more runs than these. */
  readonly maxRuns: number;
  /** Told when a smaller plan was found. */
  readonly onSmaller?: (steps: number, runs: number) => void;
};

export type Shrunk = {
  readonly plan: readonly Step[];
  readonly runs: number;
  /** How often the whole plan showed it, of the first runs. */
  readonly whole: Rate;
  /** How often the smallest did, in all its runs. Without a smaller one: as `whole`. */
  readonly smallest: Rate;
};
type Rate = { readonly shown: number; readonly runs: number };

const FIRST_RUNS = 3;
/** How likely a plan that shows it as often as the whole one may be taken for one that does not. */
const MISSED = 0.1;

/** Runs after which a plan that has shown nothing is taken for one that does not, by the rule of succession. */
const runsNeeded = ({ shown, runs }: Rate): number =>
  Math.ceil(Math.log(MISSED) / Math.log(1 - (shown + 1) / (runs + 2)));

/** Steps that stay or go together: an operation or an event alone, a fault with its end. By the places of their steps. */
type Unit = { readonly kind: string; readonly places: readonly number[] };

const unitsOf = (plan: readonly Step[]): Unit[] => {
  const endOf = new Map(
    plan.flatMap((step, place) => (step.kind === 'fault-ended' ? [[step.fault, place]] : [])),
  );
  return plan.flatMap((step, place): Unit[] => {
    if (step.kind === 'fault-ended') return [];
    const end = step.kind === 'fault' ? endOf.get(step.fault) : undefined;
    return [{ kind: `${step.kind} ${step.name}`, places: end === undefined ? [place] : [place, end] }];
  });
};

/** What is left of a plan takes as long as the whole: the pauses of what is gone are made before what follows. */
const planOf = (plan: readonly Step[], units: readonly Unit[]): Step[] => {
  const places = new Set(units.flatMap((unit) => unit.places));
  let pauseMs = 0;
  return plan.flatMap((step, place): Step[] => {
    pauseMs += step.pauseMs;
    if (!places.has(place)) return [];
    const kept = { ...step, pauseMs };
    pauseMs = 0;
    return [kept];
  });
};

const chunksOf = <T>(items: readonly T[], count: number): T[][] => {
  const size = Math.ceil(items.length / count);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
};

const MAX_PAUSE_MS = 250;
const withShortPauses = (plan: readonly Step[]): Step[] =>
  plan.map((step) => ({ ...step, pauseMs: Math.min(step.pauseMs, MAX_PAUSE_MS) }));

/** Null when the whole plan has not shown it again: there is nothing to go by. */
export const shrinkPlan = async (
  whole: readonly Step[],
  { shows, maxRuns, onSmaller }: ShrinkOptions,
): Promise<Shrunk | null> => {
  let runs = 0;
  const rateOf = async (
    plan: readonly Step[],
    most: number,
    isEnough: (rate: Rate) => boolean,
  ): Promise<Rate> => {
    let rate: Rate = { shown: 0, runs: 0 };
    while (rate.runs < most && runs < maxRuns && !isEnough(rate)) {
      runs += 1;
      rate = { shown: rate.shown + Number(await shows(plan)), runs: rate.runs + 1 };
    }
    return rate;
  };
  const first = await rateOf(whole, FIRST_RUNS, () => false);
  if (first.shown === 0) return null;
  const needed = runsNeeded(first);
  let smallest = first;

  let units = unitsOf(whole);
  let plan = whole;
  /** Takes the candidate on when it shows it. */
  const isTaken = async (candidate: readonly Step[]): Promise<boolean> => {
    const rate = await rateOf(candidate, needed, ({ shown }) => shown > 0);
    if (rate.shown === 0) return false;
    plan = candidate;
    smallest = rate;
    onSmaller?.(candidate.length, runs);
    return true;
  };
  const keepOnly = async (kept: readonly Unit[]): Promise<boolean> => {
    if (kept.length === 0 || kept.length === units.length || !(await isTaken(planOf(whole, kept))))
      return false;
    units = [...kept];
    return true;
  };

  // Whole kinds go first: one fault is often enough, and most of what people do has nothing to do with it.
  const kinds = [...Map.groupBy(units, ({ kind }) => kind)].sort((a, b) => b[1].length - a[1].length);
  for (const [kind] of [...kinds].sort(
    ([a], [b]) => Number(b.startsWith('fault')) - Number(a.startsWith('fault')),
  ))
    await keepOnly(units.filter((unit) => unit.kind !== kind));

  for (let count = 2; runs < maxRuns && units.length > 1;) {
    const chunks = chunksOf(units, Math.min(count, units.length));
    let isSmaller = false;
    for (const chunk of chunks) {
      isSmaller = await keepOnly(units.filter((unit) => !chunk.includes(unit)));
      if (isSmaller) break;
    }
    if (isSmaller) count = Math.max(2, count - 1);
    else if (count >= units.length) break;
    else count *= 2;
  }
  if (plan.some(({ pauseMs }) => pauseMs > MAX_PAUSE_MS)) await isTaken(withShortPauses(plan));
  return { plan, runs, whole: first, smallest };
};
