import type { PartStore } from './part-store.ts';

/** Parts that go with the process. */
export const memoryPartStore = (): PartStore => {
  const kept = new Map<string, Map<number, Uint8Array<ArrayBuffer>>>();
  return {
    put: async (file, part, sealed) => {
      const parts = kept.get(file) ?? new Map<number, Uint8Array<ArrayBuffer>>();
      kept.set(file, parts.set(part, sealed.slice()));
      return Promise.resolve();
    },
    get: (file, part) => Promise.resolve(kept.get(file)?.get(part)?.slice() ?? null),
    drop: (file) => {
      kept.delete(file);
      return Promise.resolve();
    },
    files: () =>
      Promise.resolve(
        new Map(
          [...kept].map(([file, parts]) => [
            file,
            [...parts.values()].reduce((sum, { length }) => sum + length, 0),
          ]),
        ),
      ),
    names: (after, limit) =>
      Promise.resolve(
        [...kept.keys()]
          .filter((file) => file > after)
          .sort()
          .slice(0, limit),
      ),
    close: () => Promise.resolve(),
  };
};
