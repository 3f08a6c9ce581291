import { UsageError } from '@restante/scripts/cli';
import { expect, test } from 'vitest';
import { readChaosOptions } from './options.ts';

const namesOf = (items: readonly { readonly name: string }[]): string[] => items.map(({ name }) => name);

test('one seed, all faults, all operations when nothing is asked for', () => {
  const { seed, seeds, minutes, steps, people, faults, operations } = readChaosOptions([]);
  expect(Number.isInteger(seed)).toBe(true);
  expect({ seeds, minutes, steps, people }).toEqual({ seeds: 1, minutes: Infinity, steps: 150, people: 4 });
  expect(namesOf(faults)).toContain('lost-data');
  expect(namesOf(operations)).toContain('text');
});

test('minutes go on with seed after seed, unless it is said how many', () => {
  expect(readChaosOptions(['--minutes', '0.5'])).toMatchObject({ minutes: 0.5, seeds: Infinity });
  expect(readChaosOptions(['--minutes', '5', '--seeds', '3'])).toMatchObject({ minutes: 5, seeds: 3 });
});

test('names choose faults, operations and events', () => {
  const chosen = readChaosOptions([
    '--faults',
    'killed,stalled',
    '--only=text,burst',
    '--without',
    'signs-in,burst',
  ]);
  expect(namesOf(chosen.faults)).toEqual(['killed', 'stalled']);
  expect(namesOf(chosen.operations)).toEqual(['text']);
  expect(namesOf(chosen.events)).not.toContain('signs-in');
  expect(readChaosOptions(['--faults', 'none']).faults).toEqual([]);
});

test('what makes a run what it is is said again', () => {
  const args = ['--seed', '7', '--steps=30', '--faults', 'killed', '--json'];
  const { seed, flags } = readChaosOptions(args);
  expect(`--seed ${seed} ${flags.join(' ')}`).toBe('--seed 7 --steps 30 --people 4 --faults killed');
});

test('mistakes are planted when it is asked for, all of them when none is named', () => {
  expect(readChaosOptions([]).planted).toBeNull();
  expect(readChaosOptions(['--planted', '--json'])).toMatchObject({ json: true });
  expect(namesOf(readChaosOptions(['--seed', '1', '--planted']).planted ?? [])).toContain('no-fsync');
  expect(namesOf(readChaosOptions(['--planted', 'no-fsync,false-complete']).planted ?? [])).toEqual([
    'no-fsync',
    'false-complete',
  ]);
});

test.each([
  [['--sed', '1'], /--sed/],
  [['--seed', 'x'], /^--seed: needs a whole number/],
  [['--seed', '-1'], /--seed/],
  [['--people', '1'], /^--people: needs a whole number from 2 to 8/],
  [['--steps', '1.5'], /^--steps: needs a whole number/],
  [['--minutes', '0'], /^--minutes: needs a number above 0/],
  [['--faults', 'killed,flood'], /^--faults: does not know "flood": none, killed/],
  [['--only', 'tea'], /^--only: does not know "tea"/],
  [['--without', ''], /^--without: does not know ""/],
  [['--only', 'text', '--without', 'text'], /leave nothing that people do/],
  [['--planted', 'gremlin'], /^--planted: does not know "gremlin"/],
  [['text'], /text/],
])('%j is refused by name', (args, says) => {
  expect(() => readChaosOptions(args)).toThrow(UsageError);
  expect(() => readChaosOptions(args)).toThrow(says);
});
