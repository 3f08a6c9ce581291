import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Couch, temporaryFolder } from '../conformance/couch.ts';
import { spawnEmbeddedCouch } from './process.ts';

const admin = { name: 'admin', password: 'p4ss-of-the-admin' };
const resources = new AsyncDisposableStack();
afterAll(() => resources.disposeAsync());

const mainFile = fileURLToPath(new URL('main.ts', import.meta.url));

async function runMain(environment: NodeJS.ProcessEnv): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [mainFile], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code: code as number | null, said };
}

describe('the server as a process', () => {
  it('names everything that is missing and ends', async () => {
    const { code, said } = await runMain({ EMBEDDED_COUCH_PORT: 'odd' });
    expect(code).toBe(2);
    for (const name of ['DATA_DIR', 'ADMIN', 'PASSWORD'])
      expect(said).toContain(`EMBEDDED_COUCH_${name} is not set`);
    expect(said).toContain('EMBEDDED_COUCH_PORT is not a port');
  });

  it('finishes what it accepted when it is told to stop', async () => {
    const dataDir = await temporaryFolder(resources);
    const first = await spawnEmbeddedCouch({ dataDir, port: 0, admin });
    const couch = new Couch(first.url, admin);
    await couch.put('/db');
    const writes = Array.from({ length: 200 }, (_, n) =>
      couch.put(`/db/doc-${n}`, {}).then(
        () => `doc-${n}`,
        () => undefined,
      ),
    );
    await writes[0];
    await first.kill('SIGTERM');
    expect(await first.exited).toEqual({ code: 0, signal: null });
    const answered = (await Promise.all(writes)).filter((id) => id !== undefined);
    const second = await spawnEmbeddedCouch({ dataDir, port: first.port, admin });
    const { rows } = await couch.get('/db/_all_docs');
    expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining(answered));
    await second.kill('SIGINT');
    expect(await second.exited).toEqual({ code: 0, signal: null });
  });

  it('ends although somebody listens to it', async () => {
    const server = await spawnEmbeddedCouch({ dataDir: await temporaryFolder(resources), port: 0, admin });
    const couch = new Couch(server.url, admin);
    await couch.put('/db');
    const feed = await couch.send('GET', '/db/_changes?feed=continuous&heartbeat=1000');
    const heard = feed.text();
    await server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(await heard).toContain('last_seq');
  });

  it('does not share its folder, and says so', async () => {
    const dataDir = await temporaryFolder(resources);
    const first = await spawnEmbeddedCouch({ dataDir, port: 0, admin });
    await expect(spawnEmbeddedCouch({ dataDir, port: 0, admin })).rejects.toThrow(
      /in use by another process/,
    );
    await first.kill();
  });

  it('does not take a port that is taken, and says so', async () => {
    const first = await spawnEmbeddedCouch({ dataDir: await temporaryFolder(resources), port: 0, admin });
    const second = spawnEmbeddedCouch({ dataDir: await temporaryFolder(resources), port: first.port, admin });
    await expect(second).rejects.toThrow(/EADDRINUSE/);
    await first.kill();
  });

  it('ends with its parent', async () => {
    const child = spawn(process.execPath, [mainFile], {
      env: {
        ...process.env,
        EMBEDDED_COUCH_DATA_DIR: await temporaryFolder(resources),
        EMBEDDED_COUCH_PORT: '0',
        EMBEDDED_COUCH_ADMIN: 'a',
        EMBEDDED_COUCH_PASSWORD: 'b',
        EMBEDDED_COUCH_EXIT_WITH_PARENT: '1',
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.stdin.destroy();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
