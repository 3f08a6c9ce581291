import { describe, expect, it } from 'vitest';
import { growth, median, percentile } from './statistics.ts';

describe('statistics', () => {
  it('take the nearest rank as percentile', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(values, 0.95)).toBe(95);
    expect(percentile(values, 0)).toBe(1);
    expect(percentile(values, 1)).toBe(100);
    expect(percentile([7], 0.5)).toBe(7);
    expect(() => percentile([], 0.5)).toThrow(RangeError);
  });

  it('take the mean of the two values in the middle as median', () => {
    expect(median([5, 1, 9])).toBe(5);
    expect(median([4, 1, 9, 2])).toBe(3);
    expect(median([-1, 1])).toBe(0);
  });

  it('tell growth from a sawtooth', () => {
    const series = (y: (x: number) => number) => Array.from({ length: 90 }, (_, x) => ({ x, y: y(x) }));
    expect(growth(series((x) => 100 + 2 * x))).toBeCloseTo(2);
    expect(growth(series((x) => 100 + (x % 10)))).toBeCloseTo(0);
    expect(() => growth(series(() => 1).slice(0, 2))).toThrow(RangeError);
  });
});
