import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterCouchUrls, type Command, type CommandContext } from '@restante/scripts/cli';
import { readEnvironment } from '@restante/service-kit';
import { z } from 'zod';
import { makePlan } from '../plan/plan.ts';
import { runPlan } from '../run/run-plan.ts';
import { startStage, type Stage } from '../world/stage.ts';
import { figuresOf, summaryOf, type Figures } from './figures.ts';
import { HELP, readChaosOptions, type ChaosOptions } from './options.ts';
import { progressLine } from './progress.ts';
import { reportRun, reportSummary, reportViolations } from './report.ts';

const environment = z.object({ COUCHDB_URLS: clusterCouchUrls.optional() });

const MINUTE_MS = 60_000;

/** Rejects when the signal is aborted. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const stop = (): void => reject(new Error('stopped'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
  });

/** Seed after seed on one stage, until there are enough or the time is up. */
const runSeeds = async (
  stage: Stage,
  folder: string,
  options: ChaosOptions,
  { print }: CommandContext,
): Promise<Figures[]> => {
  const progress = progressLine({
    write: (text) => process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
  });
  const { seed: first, steps, operations, events, faults, people } = options;
  const endsAt = performance.now() + options.minutes * MINUTE_MS;
  const runs: Figures[] = [];
  for (let seed = first; seed < first + options.seeds; seed += 1) {
    if (seed > first && performance.now() >= endsAt) break;
    const startedAt = performance.now();
    const plan = makePlan({ seed, steps, operations, events, faults });
    const ownFolder = join(folder, String(seed));
    const result = await runPlan(stage, ownFolder, {
      ...{ plan, people, seed },
      onProgress: (now) => progress.show(`seed ${seed}`, now),
    });
    progress.clear();
    const run = figuresOf(seed, Math.round((performance.now() - startedAt) / 1000), result);
    runs.push(run);
    const again = `npm run chaos -- ${[`--seed ${seed}`, ...options.flags].join(' ')}`;
    if (options.json) print(JSON.stringify(run));
    else
      [...reportRun(run), ...reportViolations(result.history, result.violations, again)].forEach((line) =>
        print(line),
      );
    if (run.violations.length === 0) rmSync(ownFolder, { recursive: true, force: true });
    else process.stderr.write(`histories and vaults of seed ${seed}: ${ownFolder}\n`);
  }
  return runs;
};

export const chaos: Command = {
  summary: 'people talk while everything fails that can; what happened is held against the laws',
  help: HELP,
  run: async (context) => {
    const options = readChaosOptions(context.args);
    readEnvironment(environment, context.environment);
    const folder = mkdtempSync(join(tmpdir(), 'restante-chaos-'));
    await using stage = await startStage();
    for (const lack of stage.missing) context.complain(lack);
    const runs = await Promise.race([
      runSeeds(stage, folder, options, context),
      untilAborted(context.signal),
    ]);
    const summary = summaryOf(runs);
    if (options.json) context.print(JSON.stringify({ summary }));
    else if (runs.length > 1) reportSummary(summary).forEach((line) => context.print(line));
    if (summary.violations > 0) return 1;
    rmSync(folder, { recursive: true, force: true });
    return 0;
  },
};
