import { expect, test } from 'vitest';
import { growthOf } from './memory.ts';

const steps = (count: number, mb: (step: number) => number): number[] =>
  Array.from({ length: count }, (_, step) => mb(step));

test('memory that levels off is bounded, memory that goes on growing is not', () => {
  expect(
    growthOf(
      'node1',
      steps(30, (step) => Math.min(200, 80 + 20 * step)),
    ),
  ).toBeNull();
  expect(
    growthOf(
      'node1',
      steps(30, (step) => 80 + 8 * step),
    ),
  ).toBe('node1 grew from 200 to 280 MB');
  expect(
    growthOf(
      'couch1',
      steps(30, (step) => 300 + (step % 2) * 60),
    ),
  ).toBeNull();
  expect(
    growthOf(
      'node1',
      steps(3, (step) => 80 + 80 * step),
    ),
  ).toBeNull();
});

test('nobody has more than a container has in production', () => {
  expect(growthOf('node2', [80, 390])).toBe('node2 had 390 MB: more than 384');
  expect(growthOf('couch2', [80, 390])).toBeNull();
});
