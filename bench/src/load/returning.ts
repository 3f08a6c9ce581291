/** Process of many devices that are connected, and come back to another master when theirs ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PROTOCOL_VERSION, subprotocol, tokenSubprotocol } from '@restante/protocol';
import { WebSocket } from 'ws';
import { atOnce } from './at-once.ts';
import { serveParent } from './load-process.ts';

/** Connect one socket with each token to the first master, or wait until all are connected somewhere. */
export type ReturningTask =
  | { readonly kind: 'connect'; readonly masterUrls: readonly string[]; readonly tokens: readonly string[] }
  | { readonly kind: 'await-all'; readonly withinMs: number };

/** Since the task before: what else than the end of their master kept devices away, and how long the last one was. */
export type Returned = { readonly returned: number; readonly errors: number };

const AT_ONCE = 64;
/** One source address has at most 28,000 ports towards one server. */
const ADDRESSES = 8;
/** As the messenger waits. */
const [BACKOFF_MIN_MS, BACKOFF_MAX_MS] = [1_000, 30_000];
const WELCOME_TIMEOUT_MS = 20_000;

let connected = 0;
let wanted = 0;
let returned = 0;
let errors = 0;

/** Resolves with its welcome; what ends it then is told to `onEnd`. */
const open = (masterUrl: string, token: string, number: number, onEnd: () => void): Promise<void> => {
  const welcomed = Promise.withResolvers<null>();
  const socket = new WebSocket(
    `${masterUrl.replace('http', 'ws')}/ws`,
    [subprotocol(PROTOCOL_VERSION), tokenSubprotocol(token)],
    { perMessageDeflate: false, localAddress: `127.0.0.${2 + (number % ADDRESSES)}` },
  );
  let isThere = false;
  const late = setTimeout(() => socket.terminate(), WELCOME_TIMEOUT_MS);
  socket.once('message', () => {
    isThere = true;
    clearTimeout(late);
    connected += 1;
    welcomed.resolve(null);
  });
  socket.on('error', (error) => welcomed.reject(error));
  socket.on('close', () => {
    clearTimeout(late);
    welcomed.reject(new Error('closed before its welcome'));
    if (!isThere) return;
    connected -= 1;
    onEnd();
  });
  return welcomed.promise.then(() => undefined);
};

const isRefused = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';

/** Goes from master to master, with growing and drawn pauses, until it is there. */
const comeBack = async (masterUrls: readonly string[], token: string, number: number): Promise<void> => {
  for (let attempt = 0; ; attempt += 1) {
    await sleep(Math.random() * Math.min(BACKOFF_MIN_MS * 2 ** attempt, BACKOFF_MAX_MS));
    const master = masterUrls[(1 + number + attempt) % masterUrls.length] ?? '';
    try {
      await open(master, token, number, () => void comeBack(masterUrls, token, number));
      returned += 1;
      return;
    } catch (error) {
      // Nobody is there: that is what happened, and no error of those that are.
      if (!isRefused(error)) errors += 1;
    }
  }
};

serveParent(async (task: ReturningTask): Promise<Returned> => {
  if (task.kind === 'connect') {
    const [first = ''] = task.masterUrls;
    wanted = task.tokens.length;
    await atOnce(AT_ONCE, [...task.tokens.entries()], ([number, token]) =>
      open(first, token, number, () => void comeBack(task.masterUrls, token, number)),
    );
    return { returned, errors };
  }
  const end = performance.now() + task.withinMs;
  while (connected < wanted) {
    if (performance.now() > end) throw new Error(`${wanted - connected} devices are not back`);
    await sleep(20);
  }
  return { returned, errors };
});
