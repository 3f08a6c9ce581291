import { seededRandom } from '@restante/testkit/seeded-random';

/**
 * What a run does, made of a seed alone. Numbers stand for whatever there will be to choose from: a plan from which steps were taken
 * away still means something.
 */
export type Step = { readonly pauseMs: number } & (
  | { readonly kind: 'operation' | 'event'; readonly name: string; readonly numbers: readonly number[] }
  | {
      readonly kind: 'fault';
      readonly name: string;
      readonly numbers: readonly number[];
      readonly fault: number;
    }
  | { readonly kind: 'fault-ended'; readonly fault: number }
);

/** Something that may be drawn, the more often the greater its weight. */
export type Weighted = { readonly name: string; readonly weight: number };

/** Something that lasts for a while: for so many steps at least and at most, if not for as many as others. */
export type Lasting = Weighted & { readonly minSteps?: number; readonly maxSteps?: number };

export type PlanOptions = {
  readonly seed: number;
  readonly steps: number;
  readonly operations: readonly Weighted[];
  /** What is done to people's devices by themselves: they sign in, restart, and so on. */
  readonly events: readonly Weighted[];
  readonly faults: readonly Lasting[];
  /** Between two steps, at most. */
  readonly maxPauseMs?: number;
};

const NUMBERS = 4;
const NUMBER_BOUND = 2 ** 16;
const MAX_PAUSE_MS = 250;
/** A fault lasts for so many steps. */
const MIN_STEPS_OF_FAULT = 1;
const MAX_STEPS_OF_FAULT = 25;
/** Of a hundred steps. */
const FAULTS = 16;
const EVENTS = 8;

export const makePlan = ({
  seed,
  steps,
  operations,
  events,
  faults,
  maxPauseMs = MAX_PAUSE_MS,
}: PlanOptions): Step[] => {
  const { below } = seededRandom(seed);
  const draw = (from: readonly Lasting[]): Lasting | undefined => {
    let left = below(from.reduce((sum, { weight }) => sum + weight, 0));
    return from.find(({ weight }) => (left -= weight) < 0);
  };
  const numbers = (): number[] => Array.from({ length: NUMBERS }, () => below(NUMBER_BOUND));
  const plan: Step[] = [];
  const ends = new Map<number, number[]>();
  for (let step = 0; step < steps; step += 1) {
    for (const fault of ends.get(step) ?? []) plan.push({ kind: 'fault-ended', fault, pauseMs: 0 });
    const dice = below(100);
    const pauseMs = below(maxPauseMs);
    const kind = dice < FAULTS ? 'fault' : dice < FAULTS + EVENTS ? 'event' : 'operation';
    const drawn = draw({ fault: faults, event: events, operation: operations }[kind]);
    if (drawn === undefined) continue;
    const { name, minSteps = MIN_STEPS_OF_FAULT, maxSteps = MAX_STEPS_OF_FAULT } = drawn;
    if (kind !== 'fault') {
      plan.push({ kind, name, numbers: numbers(), pauseMs });
      continue;
    }
    plan.push({ kind, name, numbers: numbers(), fault: step, pauseMs });
    const end = step + minSteps + below(maxSteps - minSteps + 1);
    ends.set(end, [...(ends.get(end) ?? []), step]);
  }
  return plan;
};
