import type { Lasting } from '../plan/plan.ts';
import type { World } from '../world/world.ts';

/** Something that goes wrong for a while. */
export type Fault = Lasting & {
  /** Null: not possible here, or not now. `end` undoes it; it may be called late, when much else has happened. */
  readonly begin: (
    world: World,
    numbers: readonly number[],
  ) => Promise<{ readonly on: string; readonly end: () => Promise<void> } | null>;
};

export const pick = <T>(items: readonly T[], number = 0): T | undefined => items[number % items.length];
