import { randomInt } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FAULTS } from './faults/index.ts';
import { OPERATIONS } from './operations/index.ts';
import { makePlan } from './plan/plan.ts';
import { EVENTS } from './run/events.ts';
import { runPlan } from './run/run-plan.ts';
import { startStage } from './world/stage.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '1' },
    steps: { type: 'string', default: '150' },
    people: { type: 'string', default: '4' },
    faults: { type: 'string' },
    without: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const list = (given: string | undefined): readonly string[] | null => given?.split(',') ?? null;
const without = list(values.without) ?? [];
const isWanted = (only: readonly string[] | null, name: string): boolean =>
  (only?.includes(name) ?? true) && !without.includes(name);
const faults = FAULTS.filter(({ name }) => isWanted(list(values.faults), name));
const operations = OPERATIONS.filter(({ name }) => isWanted(list(values.only), name));
const events = EVENTS.filter(({ name }) => isWanted(null, name));

const first = Number(values.seed ?? randomInt(2 ** 31));
const folder = mkdtempSync(join(tmpdir(), 'restante-chaos-'));
await using stage = await startStage();
for (const lack of stage.missing) process.stdout.write(`${lack}\n`);
for (let seed = first; seed < first + Number(values.seeds); seed += 1) {
  const plan = makePlan({ seed, steps: Number(values.steps), operations, events, faults });
  const startedAt = performance.now();
  const result = await runPlan(stage, join(folder, String(seed)), {
    plan,
    people: Number(values.people),
    seed,
  });
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const counts = Map.groupBy(result.history, ({ type }) => type);
  process.stdout.write(
    `seed ${seed}: ${seconds} s, ${counts.get('invoked')?.length ?? 0} operations, ${counts.get('fault')?.length ?? 0} faults, healed in ${Math.round(result.healMs)} ms, ${result.violations.length} violations, ${result.allowed.length} allowed\n`,
  );
  for (const { law, what } of result.violations.slice(0, 20)) process.stdout.write(`  ${law}: ${what}\n`);
  for (const { policy, what } of result.allowed.slice(0, 5))
    process.stdout.write(`  allowed (${policy}): ${what}\n`);
}
process.stdout.write(`histories: ${folder}\n`);
