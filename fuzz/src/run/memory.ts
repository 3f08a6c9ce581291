import { anonymousMemoryMb } from '@restante/testkit';
import type { Cluster } from '@restante/scripts/cluster';

/** What each process had in memory over a run, in MB without the pages of files. */
export type MemoryLog = {
  readonly note: () => Promise<void>;
  readonly series: () => ReadonlyMap<string, readonly number[]>;
};

/** What production gives a container. */
const BOUNDS_MB: readonly (readonly [prefix: string, bound: number])[] = [
  ['couch', 1_024],
  ['node', 384],
  ['master', 1_024],
  ['', 512],
];
/** Fewer notes say nothing of growth. */
const FEWEST_NOTES = 12;
const GROWTH_SHARE = 0.25;
const GROWTH_MB = 48;

export const watchMemory = ({ processes }: Pick<Cluster, 'processes'>): MemoryLog => {
  const series = new Map<string, number[]>();
  return {
    note: async () => {
      for (const { name, pid } of processes) {
        if (pid === undefined) continue;
        const mb = Math.round(await anonymousMemoryMb(pid));
        series.set(name, [...(series.get(name) ?? []), mb]);
      }
    },
    series: () => series,
  };
};

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

/** What is wrong with the memory of a process, in words; null: it is bounded. Caches fill in the first third of a run. */
export const growthOf = (name: string, notes: readonly number[]): string | null => {
  const most = Math.max(...notes);
  const bound = BOUNDS_MB.find(([prefix]) => name.startsWith(prefix))?.[1] ?? 0;
  if (most > bound) return `${name} had ${most} MB: more than ${bound}`;
  if (notes.length < FEWEST_NOTES) return null;
  const third = Math.floor(notes.length / 3);
  const [before, after] = [median(notes.slice(third, 2 * third)), median(notes.slice(2 * third))];
  const grown = after - before;
  return grown > GROWTH_MB && grown > before * GROWTH_SHARE
    ? `${name} grew from ${before} to ${after} MB`
    : null;
};
