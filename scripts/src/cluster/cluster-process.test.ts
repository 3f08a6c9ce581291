import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@restante/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  createClusterProcess,
  ProcessStartError,
  type ClusterProcess,
  type Exit,
} from './cluster-process.ts';

// The front is a service that needs nothing else to run.
const script = fileURLToPath(new URL('../front/main.ts', import.meta.url));
const module = fileURLToPath(new URL('./cluster-process.ts', import.meta.url));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('cluster process', () => {
  let dir: string;
  beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'restante-process-'))));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const running: ClusterProcess[] = [];
  afterEach(async () => {
    for (const process of running.splice(0)) await process.kill('SIGKILL');
  });
  const ends: [Exit, boolean][] = [];
  const create = (port: number, more: Record<string, string> = {}): ClusterProcess => {
    ends.length = 0;
    const created = createClusterProcess({
      name: 'front',
      script,
      port,
      environment: (taken) => ({
        PORT: String(taken),
        MASTER_URLS: 'http://127.0.0.1:9',
        MAILBOX_NODE_URLS: 'http://127.0.0.1:9',
        ...more,
      }),
      readyPath: '/ready',
      logFile: join(dir, 'logs', 'front.log'),
      onExit: (exit, expected) => ends.push([exit, expected]),
    });
    running.push(created);
    return created;
  };

  it('takes a free port, is ready after start, and stops by SIGTERM', async () => {
    const front = create(0);
    await Promise.all([front.start(), front.start()]);
    expect(front.state).toBe('ready');
    expect(front.port).toBeGreaterThan(0);
    expect((await fetch(`${front.url}/ready`)).status).toBe(200);
    expect(await front.kill()).toEqual({ code: 0, signal: null, cause: '' });
    expect(front.state).toBe('stopped');
    expect(front.pid).toBeUndefined();
    expect(ends).toEqual([[{ code: 0, signal: null, cause: '' }, true]]);
    expect(readFileSync(front.logFile, 'utf8')).toContain(front.url);
  });

  it('keeps its port over SIGKILL and restart', async () => {
    const front = create(0);
    await front.start();
    const { port, pid } = front;
    expect(await front.kill('SIGKILL')).toMatchObject({ code: null, signal: 'SIGKILL' });
    await front.start();
    expect(front.port).toBe(port);
    await front.restart();
    expect(front.port).toBe(port);
    expect(front.pid).not.toBe(pid);
    expect((await fetch(`${front.url}/ready`)).status).toBe(200);
  });

  it('tells of an end that nobody asked for', async () => {
    const front = create(0);
    await front.start();
    process.kill(front.pid!, 'SIGKILL');
    const exit = { code: null, signal: 'SIGKILL', cause: '' };
    expect(await front.exited).toEqual(exit);
    expect(ends).toEqual([[exit, false]]);
  });

  it('ends expectedly when it is asked to in the moment in which it becomes ready', async () => {
    const front = create(0);
    const realFetch = globalThis.fetch;
    vi.stubGlobal('fetch', async (...asked: Parameters<typeof fetch>) => {
      const answer = await realFetch(...asked);
      void front.kill();
      return answer;
    });
    try {
      await expect(front.start()).rejects.toThrow(/^front was ended before it was ready/);
    } finally {
      vi.unstubAllGlobals();
    }
    expect(front.state).toBe('stopped');
    expect(ends).toEqual([[expect.anything(), true]]);
  });

  it('fails with name and cause when the process ends early', async () => {
    const front = create(0, { MASTER_URLS: 'nonsense' });
    const failure = await front.start().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ProcessStartError);
    expect((failure as Error).message).toMatch(
      /^front ended before it was ready \(exit code 2\):\nThe configuration is not complete:\n/,
    );
    expect((failure as Error).message).toContain('MASTER_URLS');
    expect(front.state).toBe('stopped');
  });

  it('names the port that another program has', async () => {
    const first = create(0);
    await first.start();
    const second = create(first.port);
    const failure = await second.start().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ProcessStartError);
    expect((failure as ProcessStartError).busyPort).toBe(first.port);
  });

  it('does not outlive its parent, even one that is killed', async () => {
    const parent = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `const { createClusterProcess } = await import(${JSON.stringify(module)});
         const front = createClusterProcess({
           name: 'front', script: ${JSON.stringify(script)}, port: 0, readyPath: '/ready',
           logFile: ${JSON.stringify(join(dir, 'orphan.log'))}, onExit: () => undefined,
           environment: (port) => ({ PORT: String(port), MASTER_URLS: 'http://127.0.0.1:9', MAILBOX_NODE_URLS: 'http://127.0.0.1:9' }),
         });
         await front.start();
         process.stdout.write(String(front.pid) + '\\n');
         setInterval(() => undefined, 1000);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await waitFor('the child to end', () => !isAlive(pid));
  });
});
