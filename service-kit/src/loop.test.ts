import { describe, expect, it } from 'vitest';
import { createLog } from './log.ts';
import { startLoop } from './loop.ts';

const log = createLog('test', 'silent');

/** A task's runs as a condition to wait for: `reached` resolves in its `count`th run. */
const counter = (count: number) => {
  let runs = 0;
  let resolve = (): void => undefined;
  const reached = new Promise<void>((done) => (resolve = done));
  const run = (): number => {
    runs += 1;
    if (runs === count) resolve();
    return runs;
  };
  return { run, reached };
};

describe('startLoop', () => {
  it('runs at once, again after each end, and never twice at a time', async () => {
    const { run, reached } = counter(3);
    let running = 0;
    let most = 0;
    const loop = startLoop('test', log, { intervalMs: 1 }, async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      run();
    });
    await reached;
    await loop[Symbol.asyncDispose]();
    expect(most).toBe(1);
  });

  it('goes on after failures', async () => {
    const { run, reached } = counter(5);
    const loop = startLoop('test', log, { intervalMs: 1, maxBackoffMs: 2 }, () => {
      run();
      return Promise.reject(new Error('again'));
    });
    await reached;
    await loop[Symbol.asyncDispose]();
  });

  it('is woken from a long wait, and stopped in one', async () => {
    const { run, reached } = counter(2);
    const loop = startLoop('test', log, { intervalMs: 3_600_000 }, () => {
      if (run() === 1) setImmediate(() => loop.wake());
      return Promise.resolve();
    });
    await reached;
    await loop[Symbol.asyncDispose]();
  });

  it('aborts and awaits the task under way', async () => {
    let ended = false;
    const loop = startLoop('test', log, { intervalMs: 1 }, async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      ended = true;
    });
    await loop[Symbol.asyncDispose]();
    expect(ended).toBe(true);
  });
});
