import type { Lasting } from '../plan/plan.ts';
import type { World } from '../world/world.ts';

/** `end` undoes it; it may be called late, when much else has happened. */
export type Begun = { readonly on: string; readonly end: () => Promise<void> };

/** Something that goes wrong for a while. */
export type Fault = Lasting & {
  /** Null: not possible here, or not now. */
  readonly begin: (world: World, numbers: readonly number[]) => Promise<Begun | null>;
};

export const pick = <T>(items: readonly T[], number = 0): T | undefined => items[number % items.length];
