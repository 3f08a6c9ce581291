import { draft } from '../inputs/draft.ts';
import { drawInput } from '../inputs/draw.ts';
import type { Input, Kind } from '../inputs/input.ts';
import type { World } from '../inputs/world.ts';

/** An input as it was drawn. */
export type Drawn = {
  readonly seed: number;
  readonly index: number;
  readonly world: World;
  readonly kinds: readonly Kind[];
};

export const redraw = ({ seed, index, world, kinds }: Drawn, without: ReadonlySet<number> = new Set()) => {
  const drawing = draft(seed, index, without);
  const input = drawInput(world, drawing, kinds);
  return { input, mutations: drawing.mutations() };
};

/** The input with as few of its changes as still show what was found; null when it is not seen again at all. */
export const smallestOf = async (
  drawn: Drawn,
  isSeen: (input: Input) => Promise<boolean>,
): Promise<Input | null> => {
  const whole = redraw(drawn);
  if (!(await isSeen(whole.input))) return null;
  let [smallest, without]: [Input, ReadonlySet<number>] = [whole.input, new Set()];
  for (let number = 0; number < whole.mutations; number += 1) {
    const fewer = new Set([...without, number]);
    const { input } = redraw(drawn, fewer);
    if (await isSeen(input)) [smallest, without] = [input, fewer];
  }
  return smallest;
};
