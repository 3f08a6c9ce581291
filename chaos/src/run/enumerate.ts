import { setTimeout as sleep } from 'node:timers/promises';
import type { Death } from '../people/requests.ts';
import type { ChaosDevice } from '../world/device.ts';
import type { Stage } from '../world/stage.ts';
import { createWorld, type World } from '../world/world.ts';
import { conclude, type RunResult } from './run-plan.ts';
import { unrest } from './settle.ts';

/**
 * Somebody sends a text again and again, and a device is killed at the first step that its messenger waits for, at the second, and so
 * on until it has done all of it: that of the sender, that of a reader who is there, or that of one who comes and finds it in the mailbox.
 */
export type Enumerated = 'send' | 'receive' | 'catch-up';

export const ENUMERATED: readonly Enumerated[] = ['send', 'receive', 'catch-up'];

export type Enumeration = RunResult & {
  /** Steps at which it was killed. */
  readonly deaths: Readonly<Record<Death['when'], number>>;
};

const REST_MS = 60_000;
const POLL_MS = 20;

type Stand = { readonly world: World; readonly alice: ChaosDevice; readonly bob: ChaosDevice };

/** Until nothing waits any more, or one has died. Answers whether it lives. */
const restOrDeath = async ({ world, alice, bob }: Stand, mortal: ChaosDevice | null): Promise<boolean> => {
  const all = world.devices();
  const end = performance.now() + REST_MS;
  for (;;) {
    if (mortal?.process.isRunning() === false) return false;
    const why = await unrest(world, all);
    if (why === null) return true;
    if (performance.now() > end) throw new Error(`no rest between ${alice.name} and ${bob.name}: ${why}`);
    await sleep(POLL_MS);
  }
};

const write = async ({ world, alice }: Stand, text: string): Promise<void> => {
  const to = world
    .people()
    .slice(1)
    .map(({ accountId }) => accountId);
  await alice.process.ask('perform', { operation: 'text', wish: { to, text, numbers: [0, 0] } });
};

/** A text while a device will die at a step. Answers whether it has. */
const killAt = async (stand: Stand, what: Enumerated, death: Death): Promise<boolean> => {
  const { world, alice, bob } = stand;
  const text = `${what} ${death.when} ${death.count} ${world.marker}`;
  const mortal = what === 'send' ? alice : bob;
  if (what === 'catch-up') {
    await bob.kill();
    await write(stand, text);
    await bob.start({ dieAt: death });
  } else {
    await mortal.process.ask('dieAt', death);
    await write(stand, text);
  }
  const lives = await restOrDeath(stand, mortal);
  if (lives) await mortal.process.ask('dieAt', null);
  // It may have died at this very moment, of something else that it did.
  if (!mortal.process.isRunning()) await mortal.start();
  await restOrDeath(stand, null);
  return !lives;
};

/** On people of its own, on a stage where everything works. */
export const enumerate = async (
  stage: Stage,
  folder: string,
  what: Enumerated,
  onDeath: (death: Death) => void,
): Promise<Enumeration> => {
  await using world = await createWorld(stage, folder, 2);
  const [alice, bob] = world.people().map(({ devices }) => devices[0]);
  if (alice === undefined || bob === undefined) throw new Error('nobody came');
  const stand = { world, alice, bob };
  world.note({ type: 'run', seed: 0 });
  await write(stand, `first ${world.marker}`);
  await restOrDeath(stand, null);
  const deaths = { before: 0, after: 0 };
  for (const when of ['before', 'after'] as const) {
    for (let count = 1; ; count += 1) {
      const death = { at: 'any', count, when } as const;
      onDeath(death);
      if (!(await killAt(stand, what, death))) break;
      deaths[when] += 1;
    }
  }
  return { ...(await conclude(world)), deaths };
};
