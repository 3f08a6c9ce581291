/**
 * GF(2^16) modulo x^16 + x^12 + x^3 + x + 1, by logarithms to the base of its generator 2. Adding is XOR. Only for
 * data that travels in clear: table look-ups take a time that depends on the data.
 */

const POLYNOMIAL = 0x1100b;
/** Elements other than 0. */
const GROUP_ORDER = 0xffff;

type Tables = {
  readonly log: Uint16Array;
  /** Twice the period: the sum of two logarithms needs no reduction. */
  readonly power: Uint16Array;
};

const makeTables = (): Tables => {
  const log = new Uint16Array(GROUP_ORDER + 1);
  const power = new Uint16Array(2 * GROUP_ORDER);
  let element = 1;
  for (let exponent = 0; exponent < GROUP_ORDER; exponent += 1) {
    log[element] = exponent;
    power[exponent] = element;
    power[exponent + GROUP_ORDER] = element;
    element <<= 1;
    if (element > GROUP_ORDER) element ^= POLYNOMIAL;
  }
  return { log, power };
};

let madeTables: Tables | undefined;
const tables = (): Tables => (madeTables ??= makeTables());

const at = (values: Uint16Array | Uint8Array, index: number): number => values[index] ?? 0;

export const multiply = (a: number, b: number): number => {
  if (a === 0 || b === 0) return 0;
  const { log, power } = tables();
  return at(power, at(log, a) + at(log, b));
};

/** a/b of b ≠ 0. */
export const divide = (a: number, b: number): number => {
  if (a === 0) return 0;
  const { log, power } = tables();
  return at(power, at(log, a) + GROUP_ORDER - at(log, b));
};

/** Adds factor · value to every lane of `sum`. The values are big-endian in `bytes` from `offset` on. */
export const addScaled = (sum: Uint16Array, factor: number, bytes: Uint8Array, offset: number): void => {
  if (factor === 0) return;
  const { log, power } = tables();
  const factorLog = at(log, factor);
  for (let lane = 0; lane < sum.length; lane += 1) {
    const value = (at(bytes, offset + 2 * lane) << 8) | at(bytes, offset + 2 * lane + 1);
    if (value !== 0) sum[lane] = at(sum, lane) ^ at(power, factorLog + at(log, value));
  }
};
