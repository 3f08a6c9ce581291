import {
  commonVersion,
  LIMITS,
  PROTOCOL_VERSION,
  VERSION_HEADER,
  VERSIONS_HEADER,
  type Body,
  type BodyName,
  type Dialect,
  type Versions,
} from '@restante/protocol';
import { Agent, request, type Dispatcher } from 'undici';
import {
  askReady,
  MAX_REQUEST_IDS,
  readJson,
  REQUEST_ID,
  ServiceError,
  startLoop,
  type Logger,
} from '@restante/service-kit';
import type { Metrics } from '../metrics.ts';
import type { CellNode } from './cell.ts';

/**
 * The connection to one mailbox node. A node that does not answer, or cannot serve, is down: calls fail at once, so
 * that no send waits for it, until it says that it is ready.
 */
export type MailboxNode = AsyncDisposable & {
  readonly name: string;
  readonly isUp: () => boolean;
  /**
   * A call with a JSON text, in the newest form. `requestIds`: the requests on whose behalf this one is made; the first few
   * of many are passed on.
   *
   * @throws ServiceError `unavailable`; `token-expired` when the node's clock and that of the token are apart; ZodError when the answer
   * cannot be read
   */
  readonly post: <A extends BodyName>(
    call: NodeCall<A>,
    token: string,
    body: string,
    requestIds: readonly string[],
  ) => Promise<Body<A>>;
};

/** A `POST`: where, what is said, and what is answered. */
export type NodeCall<A extends BodyName> = {
  readonly path: string;
  readonly request: BodyName;
  readonly answer: A;
};

const PROBE_MS = 500;
/** More than any call is answered with. */
const MAX_ANSWER_BYTES = LIMITS.storeBodyBytes;
/** A node that is up is asked for the time so often. */
const ASK_TIME_MS = 5_000;
/** More than the requests that are under way at a time, so that none waits for a connection. */
const CONNECTIONS = 128;

type Options = {
  /** For a whole call. */
  readonly timeoutMs: number;
  readonly versions: Versions;
  /** Told, every few seconds, what the node says of the time; null: it does not believe its clock. */
  readonly onTime: (timeMs: number | null) => void;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'nodeUp'>;
};

const sayAgain = (dialect: Dialect, name: BodyName, body: string): string =>
  JSON.stringify(dialect.bodies.say(name, JSON.parse(body) as Body<BodyName>));

export const connectMailboxNode = (
  { name, url }: CellNode,
  { timeoutMs, versions, onTime, log, metrics }: Options,
): MailboxNode => {
  const agent = new Agent({
    connections: CONNECTIONS,
    connect: { timeout: timeoutMs, noDelay: true },
    keepAliveTimeout: 30_000,
  });
  let up = true;
  /** The newest that the node was last heard to speak. */
  let [dialect] = versions;

  const setUp = (next: boolean, cause?: unknown): void => {
    if (up === next) return;
    up = next;
    metrics.nodeUp.set({ node: name }, up ? 1 : 0);
    if (up) log.info({ event: 'mailbox-node-up', node: name }, 'a mailbox node is ready again');
    else log.warn({ event: 'mailbox-node-down', node: name, err: cause }, 'a mailbox node is passed over');
  };

  let askedAtMs = -Infinity;
  const probes = startLoop(`probe-${name}`, log, { intervalMs: PROBE_MS }, async (signal) => {
    if (up && performance.now() < askedAtMs + ASK_TIME_MS) return;
    askedAtMs = performance.now();
    const answer = await askReady(url, {
      dispatcher: agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    if (answer === null) return;
    onTime(answer.timeMs);
    if (answer.isReady) setUp(true);
  });

  const unavailable = (cause?: unknown): ServiceError =>
    new ServiceError('unavailable', 'a mailbox node does not answer', { cause });

  const learn = ({ headers }: Dispatcher.ResponseData): void => {
    const theirs = String(headers[VERSIONS_HEADER] ?? '').split(',');
    dialect = commonVersion(versions, theirs.map(Number)) ?? dialect;
  };

  return {
    name,
    isUp: () => up,
    post: async (call, token, body, requestIds) => {
      if (!up) throw unavailable();
      const ids = requestIds.slice(0, MAX_REQUEST_IDS).join(',');
      const ask = (spoken: Dialect): Promise<Dispatcher.ResponseData> =>
        request(`${url}${call.path}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${token}`,
            [REQUEST_ID]: ids,
            [VERSION_HEADER]: String(spoken.version),
          },
          body: spoken.version === PROTOCOL_VERSION ? body : sayAgain(spoken, call.request, body),
          dispatcher: agent,
          signal: AbortSignal.timeout(timeoutMs),
        });
      let spoken = dialect;
      let json: unknown;
      try {
        let answer = await ask(spoken);
        learn(answer);
        if (answer.statusCode === 426 && dialect !== spoken) {
          await answer.body.dump();
          spoken = dialect;
          answer = await ask(spoken);
        }
        if (answer.statusCode !== 200) {
          const said = await (answer.statusCode === 401
            ? readJson(answer.body, MAX_ANSWER_BYTES).catch(() => null)
            : answer.body.dump());
          const refusal = spoken.bodies.read.errorBody.safeParse(said);
          const refused = new Error(`a mailbox node answered ${answer.statusCode} to POST ${call.path}`);
          if (answer.statusCode >= 500) throw refused;
          log[answer.statusCode === 429 ? 'info' : 'error'](
            { event: 'mailbox-node-refused', node: name, err: refused },
            refused.message,
          );
          if (refusal.data?.code === 'token-expired')
            throw new ServiceError('token-expired', refused.message, { cause: refused });
          throw unavailable(refused);
        }
        json = await readJson(answer.body, MAX_ANSWER_BYTES);
      } catch (error) {
        if (error instanceof ServiceError) throw error;
        setUp(false, error);
        throw unavailable(error);
      }
      return spoken.bodies.read[call.answer].parse(json);
    },
    [Symbol.asyncDispose]: async () => {
      await probes[Symbol.asyncDispose]();
      await agent.destroy();
    },
  };
};
