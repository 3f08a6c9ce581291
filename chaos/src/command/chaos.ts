import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterCouchUrls, UsageError, type Command, type CommandContext } from '@restante/scripts/cli';
import { readEnvironment } from '@restante/service-kit';
import { z } from 'zod';
import type { Bug } from '../planted/bug.ts';
import { startStage, type Stage } from '../world/stage.ts';
import { figuresOf, summaryOf, type Figures } from './figures.ts';
import { killAtEachStep } from './enumerated.ts';
import { HELP, readChaosOptions, type ChaosOptions } from './options.ts';
import { reportSearches, searchForAll } from './planted.ts';
import { reportRun, reportSummary, reportViolations } from './report.ts';
import { planOf, progressOnStandardError, runKept, untilAborted } from './run-kept.ts';
import { tellSmallestPlan } from './smallest-plan.ts';

const environment = z.object({ COUCHDB_URLS: clusterCouchUrls.optional() });

const MINUTE_MS = 60_000;

/** Seed after seed on one stage, until there are enough or the time is up. */
const runSeeds = async (
  stage: Stage,
  folder: string,
  options: ChaosOptions,
  { print, complain }: CommandContext,
): Promise<Figures[]> => {
  const progress = progressOnStandardError();
  const { seed: first } = options;
  const endsAt = performance.now() + options.minutes * MINUTE_MS;
  const runs: Figures[] = [];
  for (let seed = first; seed < first + options.seeds; seed += 1) {
    if (seed > first && performance.now() >= endsAt) break;
    const plan = planOf(options, seed);
    const result = await runKept(stage, folder, plan, { progress, title: `seed ${seed}` });
    const run = figuresOf(seed, result.seconds, result);
    runs.push(run);
    if (options.json) print(JSON.stringify(run));
    else
      [
        ...reportRun(run),
        ...reportViolations(result.history, result.violations, options.again(seed)),
      ].forEach((line) => print(line));
    const [broken] = run.violations;
    if (options.shrink && broken) {
      const smallest = await tellSmallestPlan(plan, broken.law, {
        folder,
        progress,
        broken: async (steps, title) => {
          const { violations, folder: own } = await runKept(
            stage,
            folder,
            { ...plan, steps },
            { progress, title },
          );
          rmSync(own, { recursive: true, force: true });
          return new Set(violations.map(({ law }) => law));
        },
      });
      smallest.forEach((line) => (options.json ? complain(line) : print(line)));
    }
    if (run.violations.length === 0) rmSync(result.folder, { recursive: true, force: true });
    else process.stderr.write(`histories and vaults of seed ${seed}: ${result.folder}\n`);
  }
  return runs;
};

/** Whether no law was broken. */
const holdAgainstTheLaws = async (
  folder: string,
  options: ChaosOptions,
  context: CommandContext,
): Promise<boolean> => {
  await using stage = await startStage({ servers: options.servers, masters: options.masters });
  for (const lack of stage.missing) context.complain(lack);
  const runs = await Promise.race([runSeeds(stage, folder, options, context), untilAborted(context.signal)]);
  const summary = summaryOf(runs);
  if (options.json) context.print(JSON.stringify({ summary }));
  else if (runs.length > 1) reportSummary(summary).forEach((line) => context.print(line));
  return summary.violations === 0;
};

/** Whether each planted mistake was found. */
const holdTheCheckerAgainst = async (
  planted: readonly Bug[],
  folder: string,
  options: ChaosOptions,
  { print, signal }: CommandContext,
): Promise<boolean> => {
  const searches = await searchForAll(planted, folder, options, signal);
  if (options.json) for (const each of searches) print(JSON.stringify(each));
  else print(reportSearches(searches));
  return searches.every(({ law }) => law !== null);
};

export const chaos: Command = {
  summary: 'people talk while everything fails that can; what happened is held against the laws',
  help: HELP,
  run: async (context) => {
    const options = readChaosOptions(context.args);
    const { COUCHDB_URLS } = readEnvironment(environment, context.environment);
    if (options.servers === 3 && COUCHDB_URLS !== undefined)
      throw new UsageError('--servers: three servers have CouchDBs of their own, and take no COUCHDB_URLS');
    const folder = mkdtempSync(join(tmpdir(), 'restante-chaos-'));
    const { enumerated, planted } = options;
    const isWell = await (enumerated.length > 0
      ? killAtEachStep(enumerated, folder, options.json, context)
      : planted === null
        ? holdAgainstTheLaws(folder, options, context)
        : holdTheCheckerAgainst(planted, folder, options, context));
    if (isWell) rmSync(folder, { recursive: true, force: true });
    return isWell ? 0 : 1;
  },
};
