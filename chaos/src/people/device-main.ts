import { setTimeout as sleep } from 'node:timers/promises';
import { createMessenger, MessengerError, type Messenger } from '@restante/client';
import { libsignalRatchet, sqliteVault } from '@restante/client/node';
import { signalRatchet } from '@restante/client/signal';
import { TEST_PACE } from '@restante/testkit/cluster';
import type { Telling } from '../history/line.ts';
import { historyFile } from '../history/write.ts';
import { OPERATIONS } from '../operations/index.ts';
import { seen, visibleState } from '../operations/messages.ts';
import type { Acting } from '../operations/operation.ts';
import { fragileVault } from './fragile-vault.ts';
import type { Answers, DeviceStart, Report, Request } from './requests.ts';

/** A device of a person as a process of its own, which writes down what it does and what it is told. */

const start = JSON.parse(process.argv[2] ?? '{}') as DeviceStart;
const { device, password } = start;
const write = historyFile(start.historyFile);
const report = (message: Report): void => void process.send?.(message);
const codeOf = (error: unknown): string =>
  error instanceof MessengerError ? error.code : error instanceof Error ? error.name : 'unknown';

process.on('uncaughtException', (error) => {
  write({ type: 'crashed', who: device, how: error.stack ?? error.message });
  process.exit(1);
});

const fragile = fragileVault(sqliteVault(start.vaultFile));
const messenger: Messenger = createMessenger({
  masters: start.masters,
  vault: fragile.vault,
  ratchet: start.ratchet === 'signal' ? signalRatchet() : libsignalRatchet(),
  ...TEST_PACE,
});

let self = { accountId: '', deviceId: 0 };
const tell = (telling: Telling): void => write({ type: 'told', device, ...telling });
messenger.on('message', (message) => tell({ event: 'message', message: seen({ self }, message) }));
messenger.on('message-changed', (message) =>
  tell({ event: 'message-changed', message: seen({ self }, message) }),
);
messenger.on('message-removed', ({ author, id }) =>
  tell({ event: 'message-removed', message: { author, id } }),
);
messenger.on('connection', ({ name }) => tell({ event: 'connection', state: name }));
messenger.on('catch-up', ({ running, complete }) => tell({ event: 'catch-up', running, complete }));
messenger.on('storage', (state) => tell({ event: 'storage', state }));
messenger.on('undecryptable', ({ id, senderId }) =>
  tell({ event: 'undecryptable', message: { author: senderId, id } }),
);
messenger.on('fault', (fault) => tell({ event: 'fault', code: codeOf(fault) }));

type Ended = Answers['perform'][number];
let operations = 0;
/** Writes down an operation of this name. */
const acting =
  (name: string, ended: Ended[]): Acting['act'] =>
  async (args, what) => {
    operations += 1;
    const operation = process.pid * 1_000_000 + operations;
    write({ type: 'invoked', device, operation, name, args });
    try {
      const message = await what();
      write({ type: 'returned', device, operation, ...(message && { message }) });
      ended.push({ isDone: true, ...(args.device !== undefined && { device: args.device }) });
    } catch (error) {
      write({ type: 'threw', device, operation, code: codeOf(error) });
      ended.push({ isDone: false });
    }
  };

const MAX_ATTEMPTS = 40;
const RETRY_MS = 500;

const HISTORY = 10_000;
const countOf = async (table: 'outbox' | 'setAside'): Promise<number> =>
  (await fragile.vault.list(table, { limit: HISTORY })).length;

const answers: { [N in Request['name']]: (request: Extract<Request, { name: N }>) => Promise<Answers[N]> } = {
  perform: async ({ asked: { operation: name, wish } }) => {
    const operation = OPERATIONS.find((one) => one.name === name);
    if (operation === undefined) throw new RangeError(`no operation is called ${name}`);
    const ended: Ended[] = [];
    const act = acting(operation.writtenAs ?? name, ended);
    await operation.perform({ messenger, self, password, act }, wish);
    return ended;
  },
  state: async () => ({
    self,
    conversations: await visibleState(messenger, self),
    outbox: await countOf('outbox'),
    setAside: await countOf('setAside'),
  }),
  rest: async () => ({
    isLive: messenger.connection().name === 'live',
    outbox: await countOf('outbox'),
    setAside: await countOf('setAside'),
  }),
  failing: ({ asked }) => {
    fragile.fail(asked);
    return Promise.resolve(null);
  },
  dieAtCommit: ({ asked: { count, when } }) => {
    fragile.dieAt(count, when);
    return Promise.resolve(null);
  },
};

process.on('message', (request: Request) => {
  const answer = answers[request.name] as (request: Request) => Promise<unknown>;
  answer(request).then(
    (value) => report({ type: 'answer', request: request.request, value }),
    (error: unknown) => report({ type: 'refusal', request: request.request, reason: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));

/** Servers may be away, and an answer may be lost: then a name is taken that is this person's own. */
const enroll = async ({ how, username, deviceName }: NonNullable<DeviceStart['enroll']>): Promise<void> => {
  let way = how;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    try {
      await messenger[way]({ username, password, deviceName });
      return;
    } catch (error) {
      if (codeOf(error) === 'username-taken') way = 'login';
      await sleep(RETRY_MS);
    }
  }
};

if (start.enroll !== null && (await messenger.self()) === null) await enroll(start.enroll);
const known = await messenger.self();
if (known === null) process.exit(0);
self = { accountId: known.accountId, deviceId: known.deviceId };
if (start.enroll !== null) write({ type: 'enrolled', device, ...self });
write({ type: 'started', device });
await messenger.start();
report({ type: 'started', ...self });
