/** `npm run bench`: runs the measurements and prints their figures. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ConfigError, couchUrls, readEnvironment } from '@restante/service-kit';
import { z } from 'zod';
import type { Figure } from './figure.ts';
import { machine } from './machine.ts';
import type { Bench, Measurement } from './measurement.ts';
import { catchUp } from './measurements/catch-up.ts';
import { connections } from './measurements/connections.ts';
import { history } from './measurements/history.ts';
import { fullNode } from './measurements/full-node.ts';
import { memoryGrowth } from './measurements/growth.ts';
import { livePush } from './measurements/live-push.ts';
import { masterKilled } from './measurements/master-killed.ts';
import { messenger } from './measurements/messenger.ts';
import { messengerFiles } from './measurements/messenger-files.ts';
import { pushAcross } from './measurements/push-across.ts';
import { reconnect } from './measurements/reconnect.ts';
import { blobLag } from './measurements/blob-lag.ts';
import { blobRefill } from './measurements/blob-refill.ts';
import { blobs } from './measurements/blobs.ts';
import { refill } from './measurements/refill.ts';
import { replication } from './measurements/replication.ts';
import { serverGone } from './measurements/server-gone.ts';
import { signal } from './measurements/signal.ts';
import { sizing } from './measurements/sizing.ts';
import { storeBatch } from './measurements/store-batch.ts';
import { storeSingle } from './measurements/store-single.ts';
import { formatReport, type Report } from './report.ts';
import { readEngine } from './servers/engine.ts';

const MEASUREMENTS: readonly Measurement[] = [
  storeSingle,
  storeBatch,
  fullNode,
  replication,
  refill,
  blobs,
  blobLag,
  blobRefill,
  livePush,
  pushAcross,
  connections,
  catchUp,
  signal,
  messenger,
  messengerFiles,
  history,
  memoryGrowth,
  reconnect,
  masterKilled,
  serverGone,
  sizing,
];

const USAGE = `Usage: npm run bench -- [options] [measurement ...]

Measurements (all when none is named): ${MEASUREMENTS.map(({ name }) => name).join(', ')}

  --json          print JSON instead of a table
  --rounds <n>    rounds of each comparison (5)
  --minutes <n>   minutes of steady load of the measurement "growth", and of rest of "sizing" (1)
  --users <n>     users of the measurement "sizing", an even number (1000)
  --messages <n>  messages of each part of the measurement "sizing" (20000)
  --rate <n>      of these, how many are sent per second (100)
  --sockets <n>   sockets of the measurements "reconnect" and "master-killed" (15000)
  --masters <n>   masters of the measurement "master-killed", of which one is killed (3)
  --history <n>   messages of the measurement "history" (10000)
  --node-options <flags>
                  flags of node for the services, such as "--cpu-prof --cpu-prof-dir=/tmp/profiles"
  --help          print this

COUCHDB_URLS, three base URLs with an admin's credentials, separated by commas: use these servers instead of
the embedded ones.

Exit code: 0 measured, 1 something failed, 2 bad options.
`;

class UsageError extends Error {}

/** As many as a master takes connections. */
const MOST_USERS = 20_000;
/** As many as wait in a mailbox. */
const MOST_PER_MAILBOX = 10_000;
const MOST_PER_SECOND = 5_000;
/** Of all masters together; each process needs as many open files (`ulimit -n`) as it has sockets. */
const MOST_SOCKETS = 60_000;
const MOST_MASTERS = 8;
const MOST_HISTORY = 1_000_000;

const sizeOf = (values: {
  readonly users: string;
  readonly messages: string;
  readonly rate: string;
  readonly sockets: string;
  readonly masters: string;
  readonly history: string;
}) => {
  const whole = (option: keyof typeof values, atLeast: number, atMost: number): number => {
    const value = Number(values[option]);
    if (Number.isInteger(value) && value >= atLeast && value <= atMost) return value;
    throw new UsageError(`--${option} needs a whole number from ${atLeast} to ${atMost}`);
  };
  const users = whole('users', 2, MOST_USERS);
  if (users % 2 !== 0) throw new UsageError('--users needs an even number: one half writes to the other');
  const messages = whole('messages', 1, (users / 2) * MOST_PER_MAILBOX);
  const perSecond = whole('rate', 1, MOST_PER_SECOND);
  const sockets = whole('sockets', MOST_MASTERS, MOST_SOCKETS);
  const history = whole('history', 1, MOST_HISTORY);
  return { users, messages, perSecond, sockets, masters: whole('masters', 2, MOST_MASTERS), history };
};

const options = () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      minutes: { type: 'string', default: '1' },
      users: { type: 'string', default: '1000' },
      messages: { type: 'string', default: '20000' },
      rate: { type: 'string', default: '100' },
      sockets: { type: 'string', default: '15000' },
      masters: { type: 'string', default: '3' },
      history: { type: 'string', default: '10000' },
      'node-options': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.find((name) => !MEASUREMENTS.some((measurement) => measurement.name === name));
  if (unknown !== undefined) throw new UsageError(`no measurement is called ${unknown}`);
  const [rounds, minutes] = [Number(values.rounds), Number(values.minutes)];
  if (!Number.isInteger(rounds) || rounds < 1) throw new UsageError('--rounds needs a whole number from 1');
  if (!(minutes > 0)) throw new UsageError('--minutes needs a number above 0');
  const size = sizeOf(values);
  const chosen = MEASUREMENTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  return { ...values, nodeOptions: values['node-options'] ?? null, rounds, minutes, size, chosen };
};

const environment = z.object({ COUCHDB_URLS: couchUrls.optional() });

/** On the disk of the repository: the folder for temporary files may be memory, where fsync costs nothing. */
const newDataDir = (): string => {
  const parent = fileURLToPath(new URL('../../.data/bench/', import.meta.url));
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(join(parent, 'run-'));
};

const runAll = async ({
  rounds,
  minutes,
  size,
  nodeOptions,
  chosen,
}: ReturnType<typeof options>): Promise<Report> => {
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  const { COUCHDB_URLS: given = null } = readEnvironment(environment, process.env);
  const engine = given?.[0] === undefined ? 'embedded engine' : await readEngine(given[0]);
  const dataDir = newDataDir();
  const bench: Bench = {
    couchUrls: given,
    rounds,
    minutes,
    size,
    nodeOptions,
    dataDir,
    progress,
  };
  const figures: Figure[] = [];
  try {
    for (const { name, run } of chosen) {
      progress(`${name} ...`);
      figures.push(...(await run(bench)));
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
  return { machine: machine(), engine, figures };
};

try {
  const chosen = options();
  if (chosen.help) {
    process.stdout.write(USAGE);
  } else {
    const report = await runAll(chosen);
    process.stdout.write(`${chosen.json ? JSON.stringify(report, null, 2) : formatReport(report)}\n`);
  }
} catch (error) {
  const isUsage =
    error instanceof UsageError ||
    error instanceof ConfigError ||
    (error instanceof TypeError && 'code' in error);
  process.stderr.write(
    isUsage ? `${error.message}\n\n${USAGE}` : `${String(error instanceof Error ? error.stack : error)}\n`,
  );
  process.exitCode = isUsage ? 2 : 1;
}
