/** The value below which a share of the values lies (nearest rank). `share` is from 0 to 1. */
export const percentile = (values: readonly number[], share: number): number => {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
};

/** Middle value; with an even number of values, the mean of the two in the middle. */
export const median = (values: readonly number[]): number =>
  (percentile(values, 0.5) +
    -percentile(
      values.map((value) => -value),
      0.5,
    )) /
  2;

/**
 * Growth per unit of x between the first and the last third of a series: difference of the medians of y over
 * the difference of the medians of x. Medians, so that one collection of garbage is not taken for a trend.
 */
export const growth = (points: readonly { readonly x: number; readonly y: number }[]): number => {
  const third = Math.floor(points.length / 3);
  if (third === 0) throw new RangeError('three points needed');
  const [first, last] = [points.slice(0, third), points.slice(-third)];
  const middle = (part: typeof points, axis: 'x' | 'y'): number => median(part.map((point) => point[axis]));
  return (middle(last, 'y') - middle(first, 'y')) / (middle(last, 'x') - middle(first, 'x'));
};
