import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandContext } from '@restante/scripts/cli';
import { enumerate, type Enumerated } from '../run/enumerate.ts';
import { startStage } from '../world/stage.ts';
import { reportViolations } from './report.ts';
import { untilAborted } from './run-kept.ts';

/** Kills a device at each step of sending or receiving. Answers whether no law was broken. */
export const killAtEachStep = async (
  all: readonly Enumerated[],
  parent: string,
  json: boolean,
  { print, complain, signal }: CommandContext,
): Promise<boolean> => {
  await using stage = await startStage({ withoutBrowser: true });
  let isWell = true;
  for (const what of all) {
    const folder = join(parent, what);
    mkdirSync(folder, { recursive: true });
    const startedAt = performance.now();
    const { deaths, violations, allowed, history } = await Promise.race([
      enumerate(stage, folder, what, ({ count, when }) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${what}: killed ${when} step ${count} `);
      }),
      untilAborted(signal),
    ]);
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    if (process.stderr.isTTY) process.stderr.write('\r');
    if (json) print(JSON.stringify({ what, seconds, deaths, violations, allowed: allowed.length }));
    else {
      const { before, after } = deaths;
      print(
        `${what}: ${seconds} s, killed before each of ${before} steps and after each of ${after}, ${violations.length} violations, ${allowed.length} allowed`,
      );
      reportViolations(history, violations, `npm run chaos -- --enumerate ${what}`).forEach((line) =>
        print(line),
      );
    }
    if (violations.length === 0) rmSync(folder, { recursive: true, force: true });
    else complain(`histories and vaults of ${what}: ${folder}`);
    isWell &&= violations.length === 0;
  }
  return isWell;
};
