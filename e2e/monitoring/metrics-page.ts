import { readFileSync } from 'node:fs';

export type DocumentedSeries = {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly meaning: string;
};

/** The rows of the tables in `docs/metrics.md`. */
export const documentedSeries = (): DocumentedSeries[] =>
  readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, name]) => /^`\w+`$/.test(name ?? ''))
    .map(([, name, type, labels, meaning]) => ({
      name: name!.slice(1, -1),
      type: type!,
      labels: [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label!).sort(),
      meaning: meaning!,
    }));
