import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findRunningCluster, type RunningCluster } from '../cluster/index.ts';
import { ensureSecrets } from '../cluster/secrets.ts';
import { callCommand } from '../testing/call-command.ts';
import { runCli } from '../testing/run-cli.ts';
import { conflicts } from './conflicts.ts';
import { setupReplication } from './setup-replication.ts';
import { start } from './start.ts';
import { status } from './status.ts';

const script = fileURLToPath(new URL('../start.ts', import.meta.url));

type Started = {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly text: () => string;
  readonly ended: Promise<number | null>;
};

const run = (environment: Record<string, string>): Started => {
  const child = spawn(process.execPath, [script], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  return {
    child,
    text: () => output,
    ended: once(child, 'close').then(() => child.exitCode),
  };
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Process ids in the table that start prints, by part. */
const pids = (output: string): Map<string, number> =>
  new Map(
    [...output.matchAll(/^(front|master\d|bus|node\d|couch\d) .* (\d+)$/gm)].map(([, name, pid]) => [
      name!,
      Number(pid),
    ]),
  );

describe('start, status, conflicts', () => {
  let dataDir: string;
  let started: Started;
  let cluster: RunningCluster;
  const commandEnvironment = (): Record<string, string> => ({ DATA_DIR: dataDir });

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'restante-start-'));
    started = run({ DATA_DIR: dataDir, PORT: '0' });
    await waitFor('the cluster to be up', () => started.text().includes('Ctrl-C stops'), {
      timeoutMs: 90_000,
    });
    cluster = (await findRunningCluster(dataDir))!;
  });
  afterAll(async () => {
    started.child.kill('SIGKILL');
    await started.ended;
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });

  it('tells what runs where, in plain lines when it is no terminal', async () => {
    const output = started.text();
    expect(output).not.toContain('\u001b');
    expect([...pids(output).keys()]).toEqual([
      'front',
      'master1',
      ...['node1', 'node2', 'node3'],
      ...['couch1', 'couch2', 'couch3'],
    ]);
    expect(output).toContain(cluster.frontUrl);
    const page = await fetch(cluster.frontUrl);
    expect(await page.text()).toContain('<title>Restante</title>');
  });

  it('keeps secrets from the output, the logs and other users', () => {
    const secrets = ensureSecrets(dataDir);
    const values = secrets.nodes.flatMap((users) => Object.values(users).map(({ password }) => password));
    values.push(secrets.tokenPrivateKey.split('\n')[1]!);
    const logDir = join(dataDir, 'logs');
    const logs = readdirSync(logDir).map((name) => readFileSync(join(logDir, name), 'utf8'));
    for (const text of [started.text(), ...logs]) {
      for (const value of values) expect(text.includes(value)).toBe(false);
    }
    for (const file of ['secrets.json', 'running.json']) {
      expect(statSync(join(dataDir, file)).mode & 0o077).toBe(0);
    }
  });

  it('shows a whole mesh in status, as text and as JSON, with exit code 0', async () => {
    await waitFor(
      'all to be well',
      async () => (await callCommand(status, [], commandEnvironment())).code === 0,
      {
        timeoutMs: 60_000,
      },
    );
    const text = await runCli(['status'], commandEnvironment());
    expect(text.out).toContain('All is well.');
    expect(text.out).toMatch(/^messages-\d{8} +0 waiting +0 waiting +0 waiting +6 of 6$/m);
    const json = await callCommand(status, ['--json'], commandEnvironment());
    const told = JSON.parse(json.out) as { problems: string[]; replications: { state: string }[] };
    expect(told.problems).toEqual([]);
    expect(new Set(told.replications.map(({ state }) => state))).toEqual(new Set(['running']));
  });

  it('verifies the mesh of the running cluster: the mailbox nodes want the same documents', async () => {
    const verified = await callCommand(setupReplication, ['--verify', '--json'], commandEnvironment());
    expect(JSON.parse(verified.out)).toMatchObject({ whole: true, changes: [], problems: [] });
    expect(verified.code).toBe(0);
  });

  it('names credentials of the mesh that the mailbox nodes refuse', async () => {
    const [first, ...others] = cluster.couches;
    const wrong = (url: string): string => url.replace(/:[^:@]+@/, ':wrong@');
    const nodes = [
      { ...first!, meshUrl: wrong(first!.meshUrl), readerUrl: wrong(first!.readerUrl) },
      ...others,
    ];
    const { code, out } = await callCommand(setupReplication, ['--dry-run'], {
      COUCHDB_URLS: nodes.map(({ adminUrl }) => adminUrl).join(),
      MESH_SELF_URLS: nodes.map(({ meshUrl }) => meshUrl).join(),
      MESH_PEERS: nodes.map(({ name, readerUrl }) => `${name}=${readerUrl}`).join(),
    });
    expect(code).toBe(1);
    for (const user of ['mesh-1', 'reader-1']) {
      expect(out).toContain(`problem: node1 refuses the mesh's credentials of ${user}\n`);
    }
    expect(out).not.toMatch(/node[23] refuses/);
  });

  it('lists no conflicts in a new directory', async () => {
    const listed = await callCommand(conflicts, [], commandEnvironment());
    expect(listed.out).toContain('0 resolved, 0 unresolved');
    expect(listed.code).toBe(0);
  });

  it('says so when a cluster is already running on the data', async () => {
    const second = run({ DATA_DIR: dataDir, PORT: '0' });
    expect(await second.ended).toBe(1);
    expect(second.text().trim()).toBe(`a cluster is already running on ${dataDir}`);
  });

  it('starts a part again that ends by itself, and tells it in one line each', async () => {
    process.kill(pids(started.text()).get('node2')!, 'SIGKILL');
    await waitFor('node2 to be back', () => started.text().includes('node2 is back'));
    expect(started.text()).toContain('node2 ended (SIGKILL): starting it again in 0.5 s');
    const { url } = cluster.mailboxNodes[1]!;
    expect((await fetch(`${url}/ready`)).status).toBe(200);
  });

  it('stops by SIGINT with exit code 0 and leaves no process, then starts again on the same data', async () => {
    const before = [...pids(started.text()).values()];
    started.child.kill('SIGINT');
    expect(await started.ended).toBe(0);
    expect(started.text()).toMatch(/Stopping \.\.\.\nStopped\n$/);
    expect(before.filter(isAlive)).toEqual([]);
    expect(await findRunningCluster(dataDir)).toBeNull();
    const stopped = await callCommand(status, [], commandEnvironment());
    expect([stopped.code, stopped.err]).toEqual([2, expect.stringContaining('No cluster runs on')]);

    started = run({ DATA_DIR: dataDir, PORT: '0', MASTERS: '2' });
    await waitFor('the cluster to be up', () => started.text().includes('Ctrl-C stops'), {
      timeoutMs: 90_000,
    });
    const again = [...pids(started.text()).values()];
    expect(again).toHaveLength(10);
    const { masterUrls } = (await findRunningCluster(dataDir))!;
    for (const url of masterUrls)
      expect(await (await fetch(`${url}/health`)).json()).toMatchObject({
        status: 'ok',
        bus: { kind: 'nats', up: true, peers: 1, masters: 2 },
      });
    started.child.kill('SIGKILL');
    await started.ended;
    await waitFor('all parts to end with it', () => !again.some(isAlive));
  });
});

const listenOn = async (port: number): Promise<Server | null> => {
  const server = createServer().listen(port, '127.0.0.1');
  return once(server, 'listening').then(
    () => server,
    () => null,
  );
};

/** Takes a port, number four of eight in a row; nobody has the others. */
const takeFourthOfRow = async (): Promise<Server> => {
  for (;;) {
    const taken = await listenOn(0);
    if (taken === null) continue;
    const base = (taken.address() as AddressInfo).port - 4;
    const others = await Promise.all([0, 1, 2, 3, 5, 6, 7].map((place) => listenOn(base + place)));
    for (const other of others) other?.close();
    if (!others.includes(null)) return taken;
    taken.close();
  }
};

describe('start that cannot', () => {
  it('names a port that is taken, and exits with 1', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'restante-busy-'));
    // The first embedded server takes the fourth port of the row.
    const other = await takeFourthOfRow();
    const { port } = other.address() as AddressInfo;
    const busy = run({ DATA_DIR: dataDir, PORT: String(port - 4) });
    expect(await busy.ended).toBe(1);
    expect(busy.text()).toContain(`Port ${port} is taken by another program.`);
    other.close();
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });

  it('stops at once by SIGINT while it starts', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'restante-early-'));
    const early = run({ DATA_DIR: dataDir, PORT: '0' });
    await waitFor('a part to be ready', () => early.text().includes('is ready'));
    early.child.kill('SIGINT');
    expect(await early.ended).toBe(0);
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });

  it('exits with 2 for an environment or an option it does not understand', async () => {
    const badPort = await callCommand(start, [], { PORT: 'many' });
    expect([badPort.code, badPort.err]).toEqual([2, expect.stringContaining('PORT')]);
    const unknown = await callCommand(start, ['--nonsense'], {});
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('nonsense')]);
    const command = await runCli(['nonsense']);
    expect([command.code, command.err]).toEqual([2, expect.stringContaining('setup-replication')]);
  });
});
