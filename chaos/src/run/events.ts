import type { Weighted } from '../plan/plan.ts';
import { pick } from '../faults/fault.ts';
import type { World } from '../world/world.ts';

/** What people do with whole devices. */
export type LifeEvent = Weighted & {
  readonly happen: (world: World, numbers: readonly number[]) => Promise<void>;
};

const MAX_DEVICES = 3;

const signsIn: LifeEvent = {
  name: 'signs-in',
  weight: 2,
  happen: async (world, [who]) => {
    const person = pick(world.people(), who);
    if (person && person.devices.length < MAX_DEVICES) await world.signIn(person);
  },
};

const restarts: LifeEvent = {
  name: 'restarts',
  weight: 6,
  happen: async (world, [who]) => {
    const device = pick(
      world.people().flatMap(({ devices }) => devices),
      who,
    );
    await device?.kill();
    await device?.start();
  },
};

export const EVENTS: readonly LifeEvent[] = [signsIn, restarts];
