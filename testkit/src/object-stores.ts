import { findProgram } from '@restante/scripts/find-program';
import { holdPorts } from '@restante/scripts/cluster';
import type { ObjectStoreAddress } from '@restante/service-kit';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from './wait-for.ts';

/** A real S3-compatible store, Ceph's gateway, with everything in memory. It has no bucket yet. */
export type TestObjectStore = AsyncDisposable & {
  readonly address: ObjectStoreAddress;
};

const run = promisify(execFile);
const PATIENCE_MS = 120_000;
const MEMORY_BYTES = 1024 ** 3;

const program = (name: string): string => {
  const found = findProgram(name);
  if (found === null) throw new Error(`there is no ${name} here: Debian's ceph-mon, ceph-osd and radosgw`);
  return found;
};

/** One monitor, one disk and one gateway, which trust each other by a keyring. */
const configuration = (folder: string, cluster: string, monitor: number, gateway: number): string =>
  [
    '[global]',
    `fsid = ${cluster}`,
    `mon host = [v2:127.0.0.1:${monitor}/0]`,
    'public addr = 127.0.0.1',
    'ms bind ipv6 = false',
    `keyring = ${folder}/keyring`,
    `mon data = ${folder}/mon`,
    `osd data = ${folder}/osd`,
    `rgw data = ${folder}/rgw`,
    `run dir = ${folder}`,
    `admin socket = ${folder}/$name.$pid.asok`,
    `log file = ${folder}/$name.log`,
    'pid file =',
    'osd pool default size = 1',
    'osd pool default min size = 1',
    'osd pool default pg num = 4',
    'osd pool default pg autoscale mode = off',
    'osd crush chooseleaf type = 0',
    'mon allow pool size one = true',
    // The machine's disk holds none of it.
    'mon data avail crit = 0',
    'osd objectstore = memstore',
    `memstore device bytes = ${MEMORY_BYTES}`,
    `rgw frontends = beast endpoint=127.0.0.1:${gateway}`,
    'rgw run sync thread = false',
    'rgw enable usage log = false',
    '',
  ].join('\n');

export const startObjectStore = async (): Promise<TestObjectStore> => {
  await using starting = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'restante-s3-'));
  starting.defer(() => rm(folder, { recursive: true, force: true }));
  const held = await holdPorts(2);
  const [monitor = 0, gateway = 0] = held.ports;
  const cluster = randomUUID();
  const [file, keyring] = [join(folder, 'ceph.conf'), join(folder, 'keyring')];
  await writeFile(file, configuration(folder, cluster, monitor, gateway));
  for (const each of ['mon', 'osd', 'rgw']) await mkdir(join(folder, each));

  const call = async (name: string, ...args: string[]): Promise<string> =>
    (await run(program(name), args, { timeout: PATIENCE_MS, env: { ...process.env, CEPH_CONF: file } }))
      .stdout;
  const start = (name: string, ...args: string[]): void => {
    const log = openSync(join(folder, `${name}.out`), 'a');
    const untilParentEnds = findProgram('setpriv');
    const command = [program(name), '-c', file, '-f', ...args];
    const [first = '', ...rest] =
      untilParentEnds === null ? command : [untilParentEnds, '--pdeathsig', 'KILL', ...command];
    const child: ChildProcess = spawn(first, rest, { stdio: ['ignore', log, log] });
    closeSync(log);
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    starting.defer(async () => {
      child.kill('SIGKILL');
      await ended;
    });
  };

  const allowed = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *'];
  await call('ceph-authtool', '--create-keyring', keyring, '--gen-key', '-n', 'mon.', ...allowed.slice(0, 3));
  await call('ceph-authtool', keyring, '--gen-key', '-n', 'client.admin', ...allowed);
  const map = join(folder, 'monmap');
  const address = `[v2:127.0.0.1:${monitor}/0]`;
  await call('monmaptool', '--create', '--addv', 'a', address, '--fsid', cluster, map);
  await call('ceph-mon', '-c', file, '--mkfs', '-i', 'a', '--monmap', map, '--keyring', keyring);
  await held[Symbol.asyncDispose]();
  start('ceph-mon', '-i', 'a');
  const disk = randomUUID();
  await call('ceph', '-c', file, '--connect-timeout', '60', 'osd', 'new', disk);
  const rights = ['mon', 'allow profile osd', 'osd', 'allow *'];
  const key = await call('ceph', '-c', file, 'auth', 'get-or-create-key', 'osd.0', ...rights);
  await appendFile(keyring, `[osd.0]\n\tkey = ${key.trim()}\n`);
  await call('ceph-osd', '-c', file, '-i', '0', '--mkfs', '--osd-uuid', disk);
  start('ceph-osd', '-i', '0');
  const [accessKeyId, secretAccessKey] = [randomUUID().replaceAll('-', ''), randomUUID()];
  const user = ['--uid=restante', '--display-name=restante'];
  const keys = [`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`];
  await call('radosgw-admin', '-c', file, 'user', 'create', ...user, ...keys);
  start('radosgw', '-n', 'client.admin');
  const endpoint = `http://127.0.0.1:${gateway}`;
  await waitFor('the gateway', async () => (await fetch(endpoint).catch(() => null))?.ok === true, {
    timeoutMs: PATIENCE_MS,
  }).catch(async (error: unknown) => {
    throw new Error(await readFile(join(folder, 'radosgw.out'), 'utf8'), { cause: error });
  });
  const cleanup = starting.move();
  return {
    address: { endpoint, region: 'us-east-1', bucket: 'restante', accessKeyId, secretAccessKey },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
};
