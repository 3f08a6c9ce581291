/** One family of a scrape in the Prometheus text format. */
export type Family = {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Names of the labels of its samples, sorted; null while it has no sample. `le` of a histogram is not one. */
  readonly labels: readonly string[] | null;
};

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/;

const labelsIn = (text: string): string[] =>
  [...text.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, name]) => name!).filter((name) => name !== 'le');

/** The families of a scrape by their names. Throws for a line that is none of the format. */
export const parseExposition = (text: string): Map<string, Family> => {
  const families = new Map<string, Family>();
  let current = '';
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const [, help, helpText = ''] = /^# HELP (\S+) (.*)$/.exec(line) ?? [];
    const [, typed, type = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (help !== undefined) {
      current = help;
      families.set(current, { name: current, type: '', help: helpText, labels: null });
      continue;
    }
    const family = families.get(current);
    if (family === undefined) throw new Error(`a sample before its family: ${line}`);
    if (typed !== undefined) families.set(current, { ...family, type });
    else {
      const [, name, labels = ''] = SAMPLE.exec(line) ?? [];
      if (!name?.startsWith(current)) throw new Error(`not a sample of ${current}: ${line}`);
      families.set(current, {
        ...family,
        labels: [...new Set([...(family.labels ?? []), ...labelsIn(labels)])].sort(),
      });
    }
  }
  return families;
};
