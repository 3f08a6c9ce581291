import { wipe } from './bytes.ts';

/** All byte arrays in plain data. */
const byteArraysIn = (data: unknown, found = new Set<Uint8Array>()): ReadonlySet<Uint8Array> => {
  if (data instanceof Uint8Array) found.add(data);
  else if (typeof data === 'object' && data !== null) {
    for (const part of Object.values(data)) byteArraysIn(part, found);
  }
  return found;
};

/**
 * Overwrites the byte arrays of a state that is given up, except those that one of `kept` has, too: states share arrays
 * with the states that they came from. Both are plain data.
 */
export const wipeUnshared = (givenUp: unknown, kept: unknown): void => {
  const shared = byteArraysIn(kept);
  for (const bytes of byteArraysIn(givenUp)) if (!shared.has(bytes)) wipe(bytes);
};
