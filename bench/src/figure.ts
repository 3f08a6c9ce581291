/** A bound that a figure is held to. `of` says whether the figure itself or its ratio to the peer is bound. */
export type Target = { readonly of: 'value' | 'ratio' } & (
  { readonly atLeast: number } | { readonly atMost: number }
);

/** One measured figure, beside its raw peer from the same run on the same engine. */
export type Figure = {
  readonly name: string;
  readonly unit: 'messages/s' | 'ms' | 's' | '%' | 'kB' | 'MB' | 'MB/min' | 'tasks';
  readonly value: number;
  readonly peer?: { readonly name: string; readonly value: number };
  /** Value by peer. Not always the quotient of the two medians: it may be the median of quotients. */
  readonly ratio?: number;
  readonly target?: Target;
};

/** Whether a figure keeps to its target; null when it has none. */
export const isMet = ({ value, ratio, target }: Figure): boolean | null => {
  if (target === undefined) return null;
  const bound = target.of === 'value' ? value : ratio;
  if (bound === undefined) return false;
  return 'atLeast' in target ? bound >= target.atLeast : bound <= target.atMost;
};
