import { setTimeout as sleep } from 'node:timers/promises';
import { check, type Verdict } from '../checker/check.ts';
import { ALL_FAULTS } from '../faults/index.ts';
import { noteUploads } from '../faults/old-uploads.ts';
import { readHistory } from '../history/read.ts';
import type { Line } from '../history/line.ts';
import type { Step } from '../plan/plan.ts';
import type { Stage } from '../world/stage.ts';
import { createWorld, type World } from '../world/world.ts';
import { EVENTS } from './events.ts';
import { noteMemory } from './memory.ts';
import { perform } from './perform.ts';
import { noteStates, serversState, settle } from './settle.ts';

export type RunResult = Verdict & {
  readonly history: readonly Line[];
  /** From the end of all faults until everything is at rest. */
  readonly healMs: number;
};

/** Everything arrives within this time once all faults have ended. */
const HEAL_DEADLINE_MS = 60_000;
/** Operations that are under way at the same time. */
const MAX_UNDER_WAY = 24;
/** Whoever signs in to a server that is away does so while other things happen. */
const EVENT_PATIENCE_MS = 5_000;

/** Where a run is. */
export type Progress = {
  readonly phase: 'people arrive' | 'step' | 'healing' | 'reading';
  /** Steps that were done. */
  readonly done: number;
  readonly of: number;
};

const execute = async (
  world: World,
  plan: readonly Step[],
  onStep: (done: number) => void,
): Promise<void> => {
  const ends = new Map<number, () => Promise<void>>();
  const underWay = new Set<Promise<void>>();
  const happening = new Set<Promise<void>>();
  const goOn = (among: Set<Promise<void>>, what: Promise<void>): Promise<void> => {
    const going = what.finally(() => among.delete(going));
    among.add(going);
    return going;
  };
  /** What fails is told by the verdict; what is left of the plan goes on. */
  const tried = (what: Promise<void>): Promise<void> =>
    what.catch((error: unknown) => world.note({ type: 'crashed', who: 'the run', how: String(error) }));
  const begin = async ({ name, fault, numbers }: Extract<Step, { kind: 'fault' }>): Promise<void> => {
    const begun = await ALL_FAULTS.find((one) => one.name === name)?.begin(world, numbers);
    if (!begun) return;
    world.note({ type: 'fault', fault, name, on: begun.on });
    ends.set(fault, async () => {
      ends.delete(fault);
      await begun.end();
      world.note({ type: 'fault-ended', fault, name, on: begun.on });
    });
  };
  const happen = async (name: string, numbers: readonly number[]): Promise<void> =>
    EVENTS.find((one) => one.name === name)?.happen(world, numbers);
  for (const [index, step] of plan.entries()) {
    onStep(index);
    await sleep(step.pauseMs);
    switch (step.kind) {
      case 'operation':
        void goOn(underWay, tried(perform(world, step.name, step.numbers, `${index} ${world.marker}`)));
        break;
      case 'event':
        await Promise.race([
          goOn(happening, tried(happen(step.name, step.numbers))),
          sleep(EVENT_PATIENCE_MS),
        ]);
        break;
      case 'fault':
        await tried(begin(step));
        break;
      case 'fault-ended':
        await tried(ends.get(step.fault)?.() ?? Promise.resolve());
    }
    if (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay);
  }
  for (const end of [...ends.values()]) await tried(end());
  await Promise.all(happening);
  // What waits for a server that is away ends when it is back.
  await Promise.race([Promise.all(underWay), sleep(1_000)]);
};

export type RunOptions = {
  readonly plan: readonly Step[];
  readonly people: number;
  readonly seed: number;
  readonly onProgress?: (progress: Progress) => void;
};

/** Heals a world, and holds what happened in it against the laws. */
export const conclude = async (
  world: World,
  tell: (phase: Progress['phase']) => void = () => undefined,
): Promise<RunResult> => {
  tell('healing');
  const healedAt = performance.now();
  await settle(world, HEAL_DEADLINE_MS);
  const healMs = performance.now() - healedAt;
  await noteUploads(world);
  tell('reading');
  await noteStates(world);
  await noteMemory(world);
  world.note({ type: 'servers', state: await serversState(world) });
  const history = await readHistory(world.historyFiles());
  return { ...check(history), history, healMs };
};

/** Runs a plan with fresh people on a stage, and holds what happened against the laws. */
export const runPlan = async (
  stage: Stage,
  folder: string,
  { plan, people, seed, onProgress }: RunOptions,
): Promise<RunResult> => {
  const tell = (phase: Progress['phase'], done: number): void =>
    onProgress?.({ phase, done, of: plan.length });
  tell('people arrive', 0);
  await using world = await createWorld(stage, folder, people);
  world.note({ type: 'run', seed });
  await noteMemory(world);
  await execute(world, plan, (done) => tell('step', done));
  return await conclude(world, (phase) => tell(phase, plan.length));
};
