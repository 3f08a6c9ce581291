import { UsageError } from '@restante/scripts/cli';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Step } from '../plan/plan.ts';
import { writePlan } from '../plan/plan-file.ts';
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
  expect(readChaosOptions(args).again(8)).toBe(
    'npm run chaos -- --seed 8 --steps 30 --people 4 --faults killed',
  );
});

test('a cell of three servers has faults of its own, and says so again', () => {
  const { servers, faults, again } = readChaosOptions(['--servers', '3', '--seed', '7', '--steps', '30']);
  expect(servers).toBe(3);
  expect(namesOf(faults)).toEqual(expect.arrayContaining(['server-burned', 'killed']));
  expect(namesOf(faults)).not.toContain('refused');
  expect(again(8)).toBe('npm run chaos -- --seed 8 --steps 30 --people 4 --servers 3');
  expect(readChaosOptions([]).servers).toBe(1);
  expect(namesOf(readChaosOptions([]).faults)).not.toContain('server-burned');
});

test('what is enumerated is named, or nothing is', () => {
  expect(readChaosOptions([]).enumerated).toEqual([]);
  expect(readChaosOptions(['--enumerate', 'catch-up,send']).enumerated).toEqual(['send', 'catch-up']);
  expect(() => readChaosOptions(['--enumerate', 'everything'])).toThrow(/does not know "everything"/);
});

test('a plan that was kept is run instead', () => {
  const folder = mkdtempSync(join(tmpdir(), 'restante-plan-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'plan.json');
  const steps: Step[] = [
    { kind: 'fault', name: 'killed', numbers: [1, 2], fault: 0, pauseMs: 10 },
    { kind: 'operation', name: 'text', numbers: [3], pauseMs: 200 },
    { kind: 'fault-ended', fault: 0, pauseMs: 0 },
  ];
  writePlan(file, { seed: 9, people: 3, steps });
  const { plan, seed, again } = readChaosOptions(['--plan', file]);
  expect(plan).toEqual({ seed: 9, people: 3, steps });
  expect(seed).toBe(9);
  expect(again(9)).toBe(`npm run chaos -- --plan ${file}`);
  expect(() => readChaosOptions(['--plan', join(folder, 'none')])).toThrow(/^--plan: .*ENOENT/);
  writeFileSync(file, '{"seed":1,"people":2,"steps":[{"kind":"tea"}]}');
  expect(() => readChaosOptions(['--plan', file])).toThrow(/^--plan: .*it is no plan/);
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
  [['--servers', '2'], /^--servers: needs 1 or 3/],
  [['--servers', '3', '--masters', '2'], /^--masters: each of three servers has one/],
  [['--servers', '3', '--enumerate', 'send'], /^--enumerate: is for one server/],
  [['--servers', '3', '--faults', 'killed,refused'], /^--faults: refused is not possible with --servers 3/],
  [['--faults', 'server-burned'], /^--faults: server-burned needs --servers 3/],
  [['text'], /text/],
])('%j is refused by name', (args, says) => {
  expect(() => readChaosOptions(args)).toThrow(UsageError);
  expect(() => readChaosOptions(args)).toThrow(says);
});
