import { readFileSync } from 'node:fs';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { RandomBytes } from '../random.ts';

/** Of a file of `vectors/`. The test says which of its fields it reads (`as`); byte strings are hex. */
export const loadVectors = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8'));

export const fromHex = (text: string): Uint8Array => hexToBytes(text);

export const toHex = (bytes: Uint8Array): string => bytesToHex(bytes);

/** Hands out the recorded draws one by one. A draw of another length or one too many fails the test. */
export const recordedRandom = (
  ...draws: readonly string[]
): RandomBytes & { readonly left: () => number } => {
  let next = 0;
  const random = (length: number): Uint8Array => {
    const draw = draws[next];
    if (draw?.length !== 2 * length) throw new Error(`draw ${next} of ${length} bytes is not in the record`);
    next += 1;
    return fromHex(draw);
  };
  return Object.assign(random, { left: () => draws.length - next });
};

/** A copy with one bit changed. */
export const flipBit = (bytes: Uint8Array, bit: number): Uint8Array => {
  const changed = bytes.slice();
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
};
