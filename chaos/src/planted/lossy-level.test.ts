import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, afterAll, expect, test } from 'vitest';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-lossy-'));
});
afterAll(() => rm(folder, { recursive: true }));

const MODULE = new URL('lossy-level.ts', import.meta.url).href;
const LEVEL = import.meta.resolve('classic-level');

/** Runs a program over a database of this name, as `level`, and answers what it says. */
const run = async (name: string, program: string): Promise<string> => {
  const source = `import { ClassicLevel } from ${JSON.stringify(LEVEL)};
    import { lossyLevel } from ${JSON.stringify(MODULE)};
    const location = ${JSON.stringify(join(folder, name))};
    const level = lossyLevel(new ClassicLevel(location), location);
    await level.open();
    ${program}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source]);
  const [out, failure] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return out + failure;
};
const DIE = "process.kill(process.pid, 'SIGKILL');";
const write = (key: string, value: string): string =>
  `await level.batch([{ type: 'put', key: '${key}', value: '${value}' }], { sync: true });`;
const READ = "console.log(await level.get('one'), await level.get('two'), await level.get('three'));";

test('what was written before a clean end stays, and what came after it goes with a kill', async () => {
  await run('a', `${write('one', '1')} await level.close();`);
  const before = await run(
    'a',
    `${write('one', 'I')} ${write('two', '2')} ${write('one', 'i')} ${READ} ${DIE}`,
  );
  expect(before).toBe('i 2 undefined\n');
  expect(await run('a', `${write('three', '3')} ${READ} await level.close();`)).toBe('1 undefined 3\n');
  expect(await run('a', READ)).toBe('1 undefined 3\n');
});
