import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@restante/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createBusServer } from './bus-server.ts';
import type { ClusterProcess } from './cluster-process.ts';

const PASSWORD = 'a-password-that-nobody-may-read';

describe('a NATS server of the cluster', () => {
  let dir: string;
  beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'restante-bus-'))));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const running: ClusterProcess[] = [];
  afterEach(async () => {
    vi.doUnmock('../../find-program.mjs');
    for (const process of running.splice(0)) await process.kill('SIGKILL');
  });
  const create = (port = 0): ClusterProcess => {
    const server = createBusServer({
      name: 'bus',
      port,
      folder: join(dir, 'bus'),
      credentials: { user: 'master', password: PASSWORD },
      logFile: join(dir, 'bus.log'),
      onExit: () => undefined,
    });
    running.push(server);
    return server;
  };

  it('takes a free port, and keeps it when it is killed and started again', async () => {
    const server = create();
    await server.start();
    expect(server.url).toBe(`nats://127.0.0.1:${server.port}`);
    const { port, pid } = server;
    expect(await server.kill('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
    await server.start();
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
    expect(await server.kill()).not.toMatchObject({ signal: 'SIGKILL' });
  });

  it('has its password in a file of this user alone, and in no argument', async () => {
    const server = create();
    await server.start();
    const file = join(dir, 'bus', 'bus.conf');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toContain(PASSWORD);
    expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).toContain('nats-server');
    expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).not.toContain(PASSWORD);
    expect(readFileSync(join(dir, 'bus.log'), 'utf8')).not.toContain(PASSWORD);
  });

  it('names the port that another program has', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(create(port).start()).rejects.toMatchObject({ name: 'ProcessStartError', busyPort: port });
    other.close();
  });

  it('ends with the process that started it, however that ends', async () => {
    const module = fileURLToPath(new URL('bus-server.ts', import.meta.url));
    const parent = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { createBusServer } from ${JSON.stringify(module)};
         const server = createBusServer({
           name: 'bus', port: 0, folder: ${JSON.stringify(dir)}, logFile: ${JSON.stringify(join(dir, 'orphan.log'))},
           credentials: { user: 'a', password: 'b' }, onExit: () => undefined,
         });
         await server.start();
         console.log(server.pid);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(process.kill(pid, 0)).toBe(true);
    parent.kill('SIGKILL');
    await waitFor('the server to end', () => {
      try {
        return !process.kill(pid, 0);
      } catch {
        return true;
      }
    });
  });

  it('is missed by name where there is none', async () => {
    vi.doMock('../../find-program.mjs', () => ({ findProgram: () => null }));
    vi.resetModules();
    const { createBusServer: createWithout } = await import('./bus-server.ts');
    const server = {
      ...{ name: 'bus', port: 0, folder: join(dir, 'none'), logFile: join(dir, 'none.log') },
      ...{ credentials: { user: 'a', password: 'b' }, onExit: () => undefined },
    };
    expect(() => createWithout(server)).toThrow(
      expect.objectContaining({
        name: 'NoBusServerError',
        message: expect.stringContaining('apt-get install nats-server') as string,
      }),
    );
  });
});
