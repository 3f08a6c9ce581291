import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { readChaosOptions } from '../command/options.ts';
import { stateBackwards } from './bugs/client.ts';
import { BUGS } from './bugs/index.ts';
import { patchSource } from './patch-source.ts';
import { plantedEnvironment } from './planted-environment.ts';

const ROOT = new URL('../../../', import.meta.url);
const sourceOf = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

test.each(BUGS)('$name still fits the sources', ({ patches }) => {
  expect(patches.length).toBeGreaterThan(0);
  for (const [file, ofFile] of Map.groupBy(patches, (patch) => patch.file)) {
    const patched = patchSource(sourceOf(file), ofFile);
    expect(patched).not.toBe(sourceOf(file));
    // What is no TypeScript any more would only show when a process starts with it.
    expect(() => stripTypeScriptTypes(patched)).not.toThrow();
  }
});

test.each(BUGS)('$name is looked for with options that there are', ({ args }) => {
  expect(readChaosOptions(args).operations.length).toBeGreaterThan(0);
});

test('no two bugs have one name', () => {
  expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length);
});

test('a patch that matches nothing, or two places, is refused', () => {
  const patch = { file: 'some.ts', find: 'one', put: 'two' };
  expect(patchSource('the one $&', [patch])).toBe('the two $&');
  expect(() => patchSource('none', [{ ...patch, find: 'x' }])).toThrow('some.ts has 0 places for the patch');
  expect(() => patchSource('one and one', [patch])).toThrow('some.ts has 2 places for the patch');
});

/** Whether a process with these variables runs the sources with the bug `state-backwards`. */
const hasBug = async (environment: Readonly<Record<string, string>>): Promise<string> => {
  const module = new URL('client/src/conversations/messages.ts', ROOT).href;
  const program = `import { createMessages } from ${JSON.stringify(module)};
    console.log(createMessages.toString().includes('const isLate = false;'));`;
  const run = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { PATH: process.env['PATH'], ...environment },
  });
  const [out, failure] = await Promise.all([text(run.stdout), text(run.stderr), once(run, 'close')]);
  return out + failure;
};

test('a process that is told of a bug has it, and no other one', async () => {
  expect(await hasBug({})).toBe('false\n');
  expect(await hasBug(plantedEnvironment(stateBackwards))).toBe('true\n');
  expect(await hasBug({ ...plantedEnvironment(stateBackwards), PLANTED_BUG: 'x' })).toContain(
    'no bug is called x',
  );
});
