import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadVectors } from '../testing/vectors.model.ts';
import { addScaled, divide, multiply } from './gf65536.ts';

const vectors = loadVectors('spqr-chunks') as {
  gf: { a: number; b: number; product: number; quotient: number }[];
};

/** Schoolbook: shift, add, reduce. */
const slowProduct = (a: number, b: number): number => {
  let product = 0;
  for (let bit = 15; bit >= 0; bit -= 1) {
    product <<= 1;
    if (product > 0xffff) product ^= 0x1100b;
    if ((b >> bit) & 1) product ^= a;
  }
  return product;
};

const element = fc.integer({ min: 0, max: 0xffff });
const unit = fc.integer({ min: 1, max: 0xffff });

test.each(vectors.gf)('vector $a and $b', ({ a, b, product, quotient }) => {
  expect(multiply(a, b)).toBe(product);
  expect(divide(a, b)).toBe(quotient);
});

describe('the field', () => {
  test('multiplies as polynomials modulo its own', () => {
    fc.assert(
      fc.property(element, element, (a, b) => {
        expect(multiply(a, b)).toBe(slowProduct(a, b));
      }),
      { numRuns: 2000 },
    );
  });

  test('divides back what it multiplied', () => {
    fc.assert(
      fc.property(element, unit, (a, b) => {
        expect(divide(multiply(a, b), b)).toBe(a);
        expect(multiply(divide(a, b), b)).toBe(a);
      }),
      { numRuns: 2000 },
    );
  });

  test('has an inverse of every element but 0', () => {
    const inverses = new Set<number>();
    for (let a = 1; a <= 0xffff; a += 1) inverses.add(divide(1, a));
    expect(inverses.size).toBe(0xffff);
    expect(inverses.has(0)).toBe(false);
  });
});

test('addScaled adds the product in every lane', () => {
  fc.assert(
    fc.property(
      fc.array(element, { minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 40, maxLength: 40 }),
      fc.oneof(element, fc.constant(0)),
      fc.integer({ min: 0, max: 8 }),
      (before, bytes, factor, offset) => {
        const sum = Uint16Array.from(before);
        addScaled(sum, factor, bytes, offset);
        before.forEach((value, lane) => {
          const term = new DataView(bytes.buffer).getUint16(offset + 2 * lane);
          expect(sum[lane]).toBe(value ^ slowProduct(factor, term));
        });
      },
    ),
  );
});
