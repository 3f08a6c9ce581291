import type { Weighted } from '../plan/plan.ts';
import type { World } from '../world/world.ts';

/** What people do with whole devices, and with uploads that nobody waits for. */
export type LifeEvent = Weighted & {
  readonly happen: (world: World, numbers: readonly number[]) => Promise<void>;
};
