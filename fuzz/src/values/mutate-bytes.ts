import type { SeededRandom } from '@restante/testkit/seeded-random';

/** One change of bytes, whatever they mean. */

const TOKENS = [
  '\r\n',
  '\r\n\r\n',
  '\u0000',
  '%',
  '%ff',
  '{',
  '[',
  '"',
  '\\u',
  ',',
  ':',
  '1e999',
  '-',
  ' '.repeat(5_000),
  'a'.repeat(20_000),
];

const join = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);

export const mutateBytes = (bytes: Buffer, random: SeededRandom): Buffer => {
  const at = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + random.below(16));
  const [before, range, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  return random.pick<() => Buffer>([
    () => {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
      return flipped;
    },
    () => join(before, after),
    () => join(before, range, range, after),
    () => join(before, random.bytes(1 + random.below(16)), after),
    () => join(before, Buffer.from(random.pick(TOKENS)), range, after),
    () => join(before, Buffer.from([0xc3, 0x28, 0xff, 0xfe]), after),
    () => before,
    () => after,
    () => join(bytes, bytes),
  ])();
};
