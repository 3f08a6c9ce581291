import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { waitFor } from '../wait-for.ts';
import { movableClock } from './clock-shift.ts';

const DAY_MS = 24 * 60 * 60_000;

it('moves the clock of a process while it runs, and lets other variables be', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'restante-clock-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const clock = movableClock(join(folder, 'clock'));
  const environment = clock.environment({ NODE_OPTIONS: '--max-semi-space-size=2', OTHER: 'yes' });
  expect(environment).toMatchObject({ OTHER: 'yes' });
  const script = 'setInterval(() => process.send([Date.now(), new Date().getTime()]), 10)';
  const run = spawn(process.execPath, ['-e', script], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  onTestFinished(() => void run.kill('SIGKILL'));
  let offDays: readonly number[] = [];
  run.on('message', (times: readonly number[]) => {
    offDays = times.slice(0, 2).map((time) => Math.round((time - Date.now()) / DAY_MS));
  });
  const isOffBy = (days: number) => () => offDays.length === 2 && offDays.every((off) => off === days);
  await waitFor('the right time', isOffBy(0));
  for (const days of [3, -400, 0]) {
    await clock.set(days * DAY_MS);
    await waitFor(`a clock that is off by ${days} days`, isOffBy(days));
  }
});
