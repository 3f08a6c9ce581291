import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '@restante/scripts/cli';
import type { Law } from '../checker/violation.ts';
import type { Bug } from '../planted/bug.ts';
import { plantedEnvironment } from '../planted/planted-environment.ts';
import { startStage } from '../world/stage.ts';
import { readChaosOptions, type ChaosOptions } from './options.ts';
import { planOf, progressOnStandardError, runKept, untilAborted } from './run-kept.ts';

/** What became of the search for a bug. */
export type Search = {
  readonly bug: string;
  readonly what: string;
  /** The law that showed it first; null: it was not found. */
  readonly law: Law | null;
  /** The seed that found it, or the last one. */
  readonly seed: number;
  readonly seeds: number;
  readonly seconds: number;
};

const SEEDS = 20;
/** Enough of them for a bug that shows under the right faults. */
const STEPS = 80;

/** A product with a mistake may be too broken for a run to end: the next one may. */
const told =
  (title: string) =>
  (error: unknown): null => {
    process.stderr.write(`${title}: ${String(error)}\n`);
    return null;
  };

/** Runs seed after seed on a cluster of its own that has the bug, until one of its laws is broken. */
const search = async (
  bug: Bug,
  folder: string,
  { seed: first, seeds }: Pick<ChaosOptions, 'seed' | 'seeds'>,
  signal: AbortSignal,
): Promise<Search> => {
  const options = readChaosOptions(['--steps', String(STEPS), ...bug.args]);
  const progress = progressOnStandardError();
  const most = Number.isFinite(seeds) && seeds > 1 ? seeds : SEEDS;
  const { name, what, laws } = bug;
  await using stage = await startStage({
    servers: options.servers,
    withoutBrowser: true,
    environment: plantedEnvironment(bug),
  });
  let seconds = 0;
  for (let seed = first; ; seed += 1) {
    const title = `${name}, seed ${seed}`;
    const run = await Promise.race([
      runKept(stage, join(folder, name), planOf(options, seed), { progress, title }).catch(told(title)),
      untilAborted(signal),
    ]);
    seconds += run?.seconds ?? 0;
    const found = run?.violations.find(({ law }) => laws.includes(law));
    const tried = seed - first + 1;
    const others = new Set(run?.violations.map(({ law }) => law));
    process.stderr.write(`${title}: ${found?.what ?? `not found (${[...others].join(', ')})`}\n`);
    if (run !== null) rmSync(run.folder, { recursive: true, force: true });
    if (found || tried === most)
      return { bug: name, what, law: found?.law ?? null, seed, seeds: tried, seconds };
  }
};

export const searchForAll = async (
  bugs: readonly Bug[],
  folder: string,
  options: Pick<ChaosOptions, 'seed' | 'seeds'>,
  signal: AbortSignal,
): Promise<Search[]> => {
  const searches: Search[] = [];
  for (const bug of bugs) searches.push(await search(bug, folder, options, signal));
  return searches;
};

export const reportSearches = (searches: readonly Search[]): string =>
  table([
    ['planted', 'found by', 'seed', 'seeds', 'seconds', 'what'],
    ...searches.map(({ bug, law, seed, seeds, seconds, what }) => [
      ...[bug, law ?? 'NOT FOUND', String(seed), String(seeds), String(seconds), what],
    ]),
  ]);
