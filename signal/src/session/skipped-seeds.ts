/**
 * Seeds of messages that have not arrived yet, one receiving chain's: entries of counter (32 bits, big-endian) and
 * seed (32 bytes) in a row, counters ascending. One array, so that a session with 2,000 of them is stored and read as
 * fast as one with none.
 */
export type SkippedSeeds = Uint8Array;

export const SEED_BYTES = 32;
export const SKIPPED_ENTRY_BYTES = 4 + SEED_BYTES;
/** So many are kept per chain, the newest. */
export const MAX_SKIPPED = 2000;

const viewOf = (skipped: SkippedSeeds): DataView =>
  new DataView(skipped.buffer, skipped.byteOffset, skipped.byteLength);

/** Where the entry of `counter` begins, or -1. */
const find = (skipped: SkippedSeeds, counter: number): number => {
  const view = viewOf(skipped);
  let low = 0;
  let high = skipped.length / SKIPPED_ENTRY_BYTES - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = view.getUint32(middle * SKIPPED_ENTRY_BYTES);
    if (found === counter) return middle * SKIPPED_ENTRY_BYTES;
    if (found < counter) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
};

/** The seed of a counter and what is left without it; null when it is not there. */
export const takeSkipped = (
  skipped: SkippedSeeds,
  counter: number,
): { readonly seed: Uint8Array; readonly rest: SkippedSeeds } | null => {
  const start = find(skipped, counter);
  if (start === -1) return null;
  const end = start + SKIPPED_ENTRY_BYTES;
  const rest = new Uint8Array(skipped.length - SKIPPED_ENTRY_BYTES);
  rest.set(skipped.subarray(0, start));
  rest.set(skipped.subarray(end), start);
  return { seed: skipped.slice(end - SEED_BYTES, end), rest };
};

/** `added` are entries with greater counters than those that are there, at most {@link MAX_SKIPPED}. */
export const addSkipped = (skipped: SkippedSeeds, added: SkippedSeeds): SkippedSeeds => {
  const room = MAX_SKIPPED * SKIPPED_ENTRY_BYTES - added.length;
  const kept = skipped.subarray(Math.max(0, skipped.length - room));
  const whole = new Uint8Array(kept.length + added.length);
  whole.set(kept);
  whole.set(added, kept.length);
  return whole;
};

/** Whether these bytes are entries of a chain whose next counter is `next`. */
export const areSkippedSeeds = (bytes: Uint8Array, next: number): boolean => {
  if (bytes.length % SKIPPED_ENTRY_BYTES !== 0 || bytes.length > MAX_SKIPPED * SKIPPED_ENTRY_BYTES)
    return false;
  const view = viewOf(bytes);
  let previous = -1;
  for (let offset = 0; offset < bytes.length; offset += SKIPPED_ENTRY_BYTES) {
    const counter = view.getUint32(offset);
    if (counter <= previous) return false;
    previous = counter;
  }
  return previous < next;
};
