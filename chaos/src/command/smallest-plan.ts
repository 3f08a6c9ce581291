import { join } from 'node:path';
import type { Law } from '../checker/violation.ts';
import type { Step } from '../plan/plan.ts';
import { writePlan } from '../plan/plan-file.ts';
import { shrinkPlan } from '../shrink/shrink.ts';
import type { ProgressLine } from './progress.ts';

/** As many as fit into an hour. */
const MAX_RUNS = 80;

const describe = (step: Step): string =>
  step.kind === 'fault-ended'
    ? `end of fault ${step.fault}`
    : `${step.kind} ${step.name}${step.kind === 'fault' ? ` (${step.fault})` : ''} ${step.numbers.join(' ')}`;

/** Looks for the smallest plan that breaks the law, keeps it in `folder`, and tells of it in lines. */
export const tellSmallestPlan = async (
  {
    seed,
    people,
    steps,
  }: { readonly seed: number; readonly people: number; readonly steps: readonly Step[] },
  law: Law,
  {
    folder,
    broken,
    progress,
  }: {
    readonly folder: string;
    /** Runs a plan, and tells which laws it has broken. */
    readonly broken: (plan: readonly Step[], title: string) => Promise<ReadonlySet<Law>>;
    readonly progress: ProgressLine;
  },
): Promise<string[]> => {
  let tries = 0;
  const shrunk = await shrinkPlan(steps, {
    maxRuns: MAX_RUNS,
    shows: async (plan) => {
      tries += 1;
      return (await broken(plan, `smaller, run ${tries} of ${MAX_RUNS}, ${plan.length} steps`)).has(law);
    },
    onSmaller: (length, runs) => {
      progress.clear();
      process.stderr.write(
        `${law} is still broken by ${length} of ${steps.length} steps, after ${runs} runs\n`,
      );
    },
  });
  if (shrunk === null)
    return [`  ${law} was not broken again by the same plan: nothing smaller can be found`];
  const { plan, whole, smallest, runs } = shrunk;
  const file = join(folder, `smallest-${seed}.json`);
  writePlan(file, { seed, people, steps: plan });
  return [
    `  smallest plan for ${law}, after ${runs} runs: ${plan.length} of ${steps.length} steps`,
    `  it was broken in ${smallest.shown} of ${smallest.runs} runs of it, and in ${whole.shown} of ${whole.runs} of the whole`,
    ...plan.map((step) => `    ${String(step.pauseMs).padStart(6)} ms  ${describe(step)}`),
    `  again: npm run chaos -- --plan ${file}`,
  ];
};
