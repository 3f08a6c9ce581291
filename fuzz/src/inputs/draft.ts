import { seededRandom, type SeededRandom } from '@restante/testkit/seeded-random';

/** What an input is drawn from. The same seed and index draw the same one, of the same world. */
export type Draft = {
  readonly random: SeededRandom;
  /** So many changes in a row, each of which may be left out without another becoming a different one. */
  readonly mutate: <T>(value: T, times: number, change: (value: T, random: SeededRandom) => T) => T;
  /** True for so many in a hundred. */
  readonly chance: (percent: number) => boolean;
  /** Changes that were made, or left out. */
  readonly mutations: () => number;
};

const SALTS = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35];

const mixed = (...numbers: readonly number[]): number =>
  numbers.reduce((sum, number, place) => sum ^ Math.imul(number + 1, SALTS[place] ?? 1), 0);

/** `without`: numbers of the changes that are left out. */
export const draft = (seed: number, index: number, without: ReadonlySet<number> = new Set()): Draft => {
  const random = seededRandom(mixed(index, seed));
  let mutations = 0;
  return {
    random,
    mutate: (value, times, change) => {
      let changed = value;
      for (let time = 0; time < times; time += 1) {
        const number = mutations;
        mutations += 1;
        if (!without.has(number)) changed = change(changed, seededRandom(mixed(index, seed, number)));
      }
      return changed;
    },
    chance: (percent) => random.below(100) < percent,
    mutations: () => mutations,
  };
};
