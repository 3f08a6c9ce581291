import { shake128 } from '@noble/hashes/sha3.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  add,
  addProduct,
  compress,
  inverseNtt,
  N,
  ntt,
  polynomialOfBits,
  Q,
  sampleSmall,
  sampleUniform,
} from './ml-kem-768-ring.ts';

const residue = (value: number): number => ((value % Q) + Q) % Q;
const residues = (f: Int16Array): readonly number[] => Array.from(f, residue);

/** Modulo X^256 + 1, the schoolbook way. */
const slowProduct = (f: Int16Array, g: Int16Array): readonly number[] => {
  const product = new Array<number>(N).fill(0);
  for (let i = 0; i < N; i += 1) {
    for (let j = 0; j < N; j += 1) {
      const term = f[i]! * g[j]!;
      product[(i + j) % N]! += i + j < N ? term : -term;
    }
  }
  return product.map(residue);
};

const centered = fc.integer({ min: -(Q - 1) / 2, max: (Q - 1) / 2 });
const extreme = fc.constantFrom(-(Q - 1) / 2, (Q - 1) / 2);
const polynomial = fc
  .oneof(
    fc.array(centered, { minLength: N, maxLength: N }),
    fc.array(extreme, { minLength: N, maxLength: N }),
  )
  .map((values) => Int16Array.from(values));

test('products by the transform are products modulo X^256 + 1, also for the largest coefficients', () => {
  fc.assert(
    fc.property(
      fc.tuple(polynomial, polynomial, polynomial),
      fc.tuple(polynomial, polynomial, polynomial),
      (f, g) => {
        const expected = f.map((each, index) => slowProduct(each, g[index]!));
        const sum = new Int16Array(N);
        f.forEach((each, index) => addProduct(sum, ntt(each.slice()), ntt(g[index]!.slice())));
        inverseNtt(sum);
        expect(sum.every((value) => Math.abs(value) < Q)).toBe(true);
        const expectedSum = Array.from({ length: N }, (_, place) =>
          residue(expected.reduce((total, each) => total + each[place]!, 0)),
        );
        expect(residues(sum)).toEqual(expectedSum);
      },
    ),
    { numRuns: 25 },
  );
});

test('the transform ends with centered representatives', () => {
  fc.assert(
    fc.property(polynomial, (f) => {
      expect(ntt(f.slice()).every((value) => Math.abs(value) <= (Q - 1) / 2)).toBe(true);
    }),
  );
});

test('the transform has its first values by FIPS 203: a constant stays one, X goes to roots of unity', () => {
  const one = new Int16Array(N);
  one[0] = 1;
  const constant = residues(ntt(one));
  expect(constant).toEqual(Array.from({ length: N }, (_, index) => (index % 2 === 0 ? 1 : 0)));
  const square = new Int16Array(N);
  square[2] = 1;
  // X² modulo X² - 17, then X² + 17, …: appendix A's ζ^(2·BitRev7(i)+1) begins 17, -17, 2761.
  const roots = residues(ntt(square));
  expect([roots[0], roots[2], roots[4]]).toEqual([17, Q - 17, 2761]);
});

test('addition gives centered representatives', () => {
  const sum = Int16Array.from({ length: N }, () => Q - 1);
  add(
    sum,
    Int16Array.from({ length: N }, () => Q - 1),
  );
  expect(sum.every((value) => value === -2)).toBe(true);
});

test.each([10, 4])('compression to %i bits rounds as FIPS 203 says, for every representative', (bits) => {
  for (let value = 0; value < Q; value += 1) {
    const exact = Number((BigInt(value) * 2n ** BigInt(bits) * 2n + BigInt(Q)) / (2n * BigInt(Q)));
    expect(compress(value, bits)).toBe(exact % 2 ** bits);
    if (value > 0) expect(compress(value - Q, bits)).toBe(exact % 2 ** bits);
  }
});

test('a bit of 1 becomes 1665, the lowest bit of a byte first', () => {
  const f = polynomialOfBits(Uint8Array.of(0x05, ...new Uint8Array(30), 0x80));
  const ones = Array.from(f).flatMap((value, index) => (value === 0 ? [] : [[index, value]]));
  expect(ones).toEqual([
    [0, 1665],
    [2, 1665],
    [255, 1665],
  ]);
});

test('small coefficients are those of the centered binomial distribution', () => {
  const counts = new Map<number, number>();
  for (let nonce = 0; nonce < 64; nonce += 1) {
    for (const value of sampleSmall(new Uint8Array(32), nonce))
      counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const share = (value: number) => (counts.get(value) ?? 0) / (64 * N);
  expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  expect(share(0)).toBeCloseTo(6 / 16, 1);
  expect(share(1)).toBeCloseTo(4 / 16, 1);
  expect(share(-2)).toBeCloseTo(1 / 16, 1);
});

test('uniform coefficients are the 12-bit numbers below q of SHAKE128, in their order', () => {
  const rho = Uint8Array.from({ length: 32 }, (_, index) => index);
  for (const [first, second] of [
    [0, 0],
    [1, 2],
    [2, 1],
  ] as const) {
    const stream = shake128(Uint8Array.of(...rho, first, second), { dkLen: 1008 });
    const numbers: number[] = [];
    for (let at = 0; at < stream.length; at += 3) {
      const word = stream[at]! | (stream[at + 1]! << 8) | (stream[at + 2]! << 16);
      numbers.push(word & 0xfff, word >> 12);
    }
    const expected = numbers.filter((number) => number < Q).slice(0, N);
    expect(residues(sampleUniform(rho, first, second))).toEqual(expected);
  }
});
