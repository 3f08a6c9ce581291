import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { waitFor } from '../wait-for.ts';
import { slowDisk } from './slow-disk.ts';

const DAY_MS = 24 * 60 * 60_000;
const LEVEL = import.meta.resolve('classic-level');

it('lets writes wait in their order, and what is read go on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'restante-slow-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const disk = slowDisk(join(folder, 'disk'));
  const script = `
    import { ClassicLevel } from ${JSON.stringify(LEVEL)};
    const level = new ClassicLevel(${JSON.stringify(join(folder, 'level'))});
    await level.batch([{ type: 'put', key: 'key', value: 'first' }]);
    process.on('message', (value) => {
      void level.batch([{ type: 'put', key: 'key', value }]).then(() => process.send('written ' + value));
    });
    setInterval(async () => process.send(await level.get('key')), 10);
    process.send('ready');`;
  const run = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, ...disk.environment({}) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  onTestFinished(() => void run.kill('SIGKILL'));
  const heard: unknown[] = [];
  run.on('message', (said) => heard.push(said));
  await once(run, 'message');
  await disk.set(DAY_MS);
  await waitFor('a write that waits', async () => {
    run.send('probe');
    const at = heard.length;
    await waitFor('some reads', () => heard.length > at + 20);
    return !heard.slice(at).some((said) => String(said).startsWith('written'));
  });
  run.send('last');
  const reads = heard.length;
  await waitFor('reads', () => heard.length > reads + 20);
  expect(heard.slice(reads)).not.toContain('last');
  await disk.set(0);
  await waitFor('all writes', () => heard.includes('written last'));
  await waitFor('what was written last', () => heard.at(-1) === 'last');
});
