import { join } from 'node:path';
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

/** One seed with fresh people. `title`: for the line that says how far it is. */
export const runSeed = async (
  stage: Stage,
  folder: string,
  { steps, operations, events, faults, people }: ChaosOptions,
  seed: number,
  { progress, title }: { readonly progress: ProgressLine; readonly title: string },
): Promise<RunResult & { readonly seconds: number; readonly folder: string }> => {
  const startedAt = performance.now();
  const ownFolder = join(folder, String(seed));
  const plan = makePlan({ seed, steps, operations, events, faults });
  const result = await runPlan(stage, ownFolder, {
    ...{ plan, people, seed },
    onProgress: (now) => progress.show(title, now),
  }).finally(progress.clear);
  return { ...result, seconds: Math.round((performance.now() - startedAt) / 1000), folder: ownFolder };
};
