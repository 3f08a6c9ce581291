import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { KeptPlan } from '../plan/plan-file.ts';
import { makePlan } from '../plan/plan.ts';
import { runPlan, type RunResult } from '../run/run-plan.ts';
import type { Stage } from '../world/stage.ts';
import type { ChaosOptions } from './options.ts';
import { progressLine, type ProgressLine } from './progress.ts';

/** On standard error, so that standard output has results alone. */
export const progressOnStandardError = (): ProgressLine =>
  progressLine({
    write: (text) => process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
  });

/** Rejects when the signal is aborted. */
export const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const stop = (): void => reject(new Error('stopped'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
  });

/** What a seed is run as. */
export const planOf = ({ people, plan, ...options }: ChaosOptions, seed: number): KeptPlan =>
  plan ?? { seed, people, steps: makePlan({ ...options, seed }) };

export type FinishedRun = RunResult & {
  readonly seconds: number;
  /** Of its histories and vaults. */
  readonly folder: string;
};

/** A plan with fresh people, in a folder of its own. `title`: for the line that says how far it is. */
export const runKept = async (
  stage: Stage,
  parent: string,
  { seed, people, steps }: KeptPlan,
  { progress, title }: { readonly progress: ProgressLine; readonly title: string },
): Promise<FinishedRun> => {
  const startedAt = performance.now();
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, `${seed}-`));
  const result = await runPlan(stage, folder, {
    ...{ plan: steps, people, seed },
    onProgress: (now) => progress.show(title, now),
  }).finally(progress.clear);
  return { ...result, seconds: Math.round((performance.now() - startedAt) / 1000), folder };
};
