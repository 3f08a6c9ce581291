import { shake128, shake256 } from '@noble/hashes/sha3.js';

/**
 * Arithmetic of ML-KEM-768 (FIPS 203) in Z_3329[X]/(X^256 + 1). It does on secrets only additions, multiplications,
 * shifts and masks: no branch, no division, no table look-up. Coefficients are signed; products are reduced by
 * Montgomery's method with R = 2^16.
 */

export const Q = 3329;
export const N = 256;
/** Rank of the module. */
export const K = 3;
const Q_INVERSE_MOD_R = -3327;
const R_MOD_Q = 2285;
/** R²/128 mod q: ends the inverse transform and takes away the factor 1/R of the products before it. */
const INVERSE_SCALE = 1441;
const ROOT_OF_UNITY = 17;
const XOF_BLOCK_BYTES = 168;

export type Polynomial = Int16Array;
export type Vector = readonly Polynomial[];

const at = (values: Int16Array | Uint8Array, index: number): number => values[index] ?? 0;

/** product/R mod q in (-q, q), of |product| < q·2^15. */
const montgomery = (product: number): number => {
  const quotient = (Math.imul(product, Q_INVERSE_MOD_R) << 16) >> 16;
  return (product - Math.imul(quotient, Q)) >> 16;
};

const multiply = (a: number, b: number): number => montgomery(Math.imul(a, b));

/** The representative in [-q/2, q/2] of a 16-bit number (Barrett). */
const center = (a: number): number => a - Math.imul((Math.imul(20159, a) + (1 << 25)) >> 26, Q);

/** The representative in [0, q) of a number in (-q, q). */
const positive = (a: number): number => a + ((a >> 31) & Q);

const reverseBits7 = (value: number): number => {
  let reversed = 0;
  for (let bit = 0; bit < 7; bit += 1) reversed |= ((value >> bit) & 1) << (6 - bit);
  return reversed;
};

/** 17^reverseBits7(i) · R mod q. */
const makeZetas = (): Int16Array => {
  const powers: number[] = [];
  let power = R_MOD_Q;
  for (let exponent = 0; exponent < 128; exponent += 1) {
    powers.push(center(power));
    power = (power * ROOT_OF_UNITY) % Q;
  }
  return Int16Array.from(powers, (_, index) => powers[reverseBits7(index)] ?? 0);
};

let madeZetas: Int16Array | undefined;
const zetas = (): Int16Array => (madeZetas ??= makeZetas());

/** FIPS 203, algorithm 9. In place; coefficients in [-q/2, q/2] before and after. */
export const ntt = (f: Polynomial): Polynomial => {
  const factors = zetas();
  let factor = 1;
  for (let length = 128; length >= 2; length >>= 1) {
    for (let start = 0; start < N; start += 2 * length, factor += 1) {
      const zeta = at(factors, factor);
      for (let low = start; low < start + length; low += 1) {
        const term = multiply(zeta, at(f, low + length));
        const value = at(f, low);
        f[low + length] = value - term;
        f[low] = value + term;
      }
    }
  }
  for (let index = 0; index < N; index += 1) f[index] = center(at(f, index));
  return f;
};

/** FIPS 203, algorithm 10, of a sum of products by `addProduct`. In place; in [-q/2, q/2] before, (-q, q) after. */
export const inverseNtt = (f: Polynomial): Polynomial => {
  const factors = zetas();
  let factor = 127;
  for (let length = 2; length <= 128; length <<= 1) {
    for (let start = 0; start < N; start += 2 * length, factor -= 1) {
      const zeta = at(factors, factor);
      for (let low = start; low < start + length; low += 1) {
        const value = at(f, low);
        const other = at(f, low + length);
        f[low] = center(value + other);
        f[low + length] = multiply(zeta, other - value);
      }
    }
  }
  for (let index = 0; index < N; index += 1) f[index] = multiply(at(f, index), INVERSE_SCALE);
  return f;
};

/** Adds f∘g/R (FIPS 203, algorithm 11) to `sum`, which stays in [-q/2, q/2]. */
export const addProduct = (sum: Polynomial, f: Polynomial, g: Polynomial): void => {
  const factors = zetas();
  for (let pair = 0; pair < N / 2; pair += 1) {
    const low = 2 * pair;
    const zeta = pair % 2 === 0 ? at(factors, 64 + pair / 2) : -at(factors, 64 + (pair - 1) / 2);
    const f0 = at(f, low);
    const f1 = at(f, low + 1);
    const g0 = at(g, low);
    const g1 = at(g, low + 1);
    sum[low] = center(at(sum, low) + multiply(f0, g0) + multiply(multiply(f1, g1), zeta));
    sum[low + 1] = center(at(sum, low + 1) + multiply(f0, g1) + multiply(f1, g0));
  }
};

/** Adds f to `sum`, which is in [-q/2, q/2] afterwards. */
export const add = (sum: Polynomial, f: Polynomial): void => {
  for (let index = 0; index < N; index += 1) sum[index] = center(at(sum, index) + at(f, index));
};

/** 32 bytes, the lowest bit first: (q + 1)/2 for each one. */
export const polynomialOfBits = (bytes: Uint8Array): Polynomial => {
  const f = new Int16Array(N);
  for (let index = 0; index < N; index += 1) {
    f[index] = -((at(bytes, index >> 3) >> (index & 7)) & 1) & ((Q + 1) / 2);
  }
  return f;
};

export const wipePolynomials = (secrets: readonly Polynomial[]): void => {
  for (const secret of secrets) secret.fill(0);
};

/** FIPS 203, algorithm 7: a uniform polynomial from ρ and two indices. Public. */
export const sampleUniform = (rho: Uint8Array, first: number, second: number): Polynomial => {
  const xof = shake128.create().update(rho).update(Uint8Array.of(first, second));
  const f = new Int16Array(N);
  let count = 0;
  while (count < N) {
    const block = xof.xof(XOF_BLOCK_BYTES);
    for (let offset = 0; offset < XOF_BLOCK_BYTES && count < N; offset += 3) {
      const middle = at(block, offset + 1);
      const low = at(block, offset) | ((middle & 0x0f) << 8);
      const high = (middle >> 4) | (at(block, offset + 2) << 4);
      if (low < Q) f[count++] = center(low);
      if (high < Q && count < N) f[count++] = center(high);
    }
  }
  return f;
};

/** FIPS 203, algorithm 8 with η = 2, of PRF(seed, nonce): small coefficients. */
export const sampleSmall = (seed: Uint8Array, nonce: number): Polynomial => {
  const bytes = shake256
    .create({ dkLen: N / 2 })
    .update(seed)
    .update(Uint8Array.of(nonce))
    .digest();
  const f = new Int16Array(N);
  for (let index = 0; index < N; index += 1) {
    const bits = at(bytes, index >> 1) >> (4 * (index & 1));
    f[index] = (bits & 1) + ((bits >> 1) & 1) - ((bits >> 2) & 1) - ((bits >> 3) & 1);
  }
  bytes.fill(0);
  return f;
};

/** round(2^bits/q · a) mod 2^bits of the representative of a number in (-q, q); 1/q is multiplied: its time is fixed. */
export const compress = (a: number, bits: number): number =>
  Math.floor((positive(a) * (1 << bits) + Q / 2) * (1 / Q)) & ((1 << bits) - 1);
