import { expect, test, vi } from 'vitest';
import type { Input } from '../inputs/input.ts';
import { world } from '../inputs/world.model.ts';
import { redraw, smallestOf } from './smallest.ts';

vi.useFakeTimers({ toFake: ['Date'], now: 1_795_800_000_000 });

const drawnAs = (index: number) => ({ seed: 3, index, world, kinds: ['requests'] as const });
const hasFieldExtra = (input: Input): boolean =>
  input.kind === 'requests' && input.body?.includes('"extra":') === true;

test('changes that have nothing to do with what was found are left out', async () => {
  const several = Array.from({ length: 4_000 }, (_, index) => drawnAs(index)).filter((drawn) => {
    const { input, mutations } = redraw(drawn);
    return mutations > 2 && hasFieldExtra(input);
  });
  expect(several.length).toBeGreaterThan(0);
  for (const drawn of several) {
    const seen: Input[] = [];
    const smallest = await smallestOf(drawn, (input) => {
      seen.push(input);
      return Promise.resolve(hasFieldExtra(input));
    });
    expect(smallest).toEqual(seen.filter(hasFieldExtra).at(-1));
    expect(seen).toHaveLength(1 + redraw(drawn).mutations);
    // One change brings the field; of the others at least one can go.
    expect(seen.filter((input) => !hasFieldExtra(input))).not.toEqual([]);
    expect(seen.filter(hasFieldExtra).length).toBeGreaterThan(1);
  }
});

test('what is not seen again has no smallest form', async () => {
  expect(await smallestOf(drawnAs(1), () => Promise.resolve(false))).toBeNull();
});
