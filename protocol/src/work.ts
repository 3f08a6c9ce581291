import * as z from 'zod/mini';

/**
 * Work that an answer must have cost (hashcash): a `solution` with which SHA-256 of {@link workText} begins with so many zero
 * bits. A server knows its own challenges again without keeping them, for as long as they are good.
 */

const challenge = z.string().check(z.regex(/^[A-Za-z0-9_-]{20,120}$/, 'not a challenge'));

export const workDemand = z.object({ challenge, bits: z.int().check(z.positive(), z.maximum(256)) });
export type WorkDemand = z.infer<typeof workDemand>;

export const workDone = z.strictObject({
  challenge,
  solution: z.string().check(z.regex(/^[0-9a-z]{1,16}$/, 'not a solution')),
});
export type WorkDone = z.infer<typeof workDone>;

/** What is hashed, ASCII. */
export const workText = ({ challenge: given, solution }: WorkDone): string =>
  `restante-work ${given} ${solution}`;

/** Zero bits at the beginning. */
export const leadingZeroBits = (hash: Uint8Array): number => {
  let bits = 0;
  for (const byte of hash) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24;
    bits += 8;
  }
  return bits;
};
