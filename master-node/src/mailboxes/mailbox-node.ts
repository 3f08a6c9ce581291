import { Agent, request } from 'undici';
import { MAX_REQUEST_IDS, REQUEST_ID, ServiceError, startLoop, type Logger } from '@restante/service-kit';
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
   * `POST path` with a JSON text. `requestIds`: the requests on whose behalf this one is made; the first few of many are
   * passed on.
   *
   * @throws ServiceError `unavailable`
   */
  readonly post: (
    path: string,
    token: string,
    body: string,
    requestIds: readonly string[],
  ) => Promise<unknown>;
};

const PROBE_MS = 500;
/** More than the requests that are under way at a time, so that none waits for a connection. */
const CONNECTIONS = 64;

type Options = {
  /** For a whole call. */
  readonly timeoutMs: number;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'nodeUp'>;
};

export const connectMailboxNode = (
  { name, url }: CellNode,
  { timeoutMs, log, metrics }: Options,
): MailboxNode => {
  const agent = new Agent({
    connections: CONNECTIONS,
    connect: { timeout: timeoutMs, noDelay: true },
    keepAliveTimeout: 30_000,
  });
  let up = true;

  const setUp = (next: boolean, cause?: unknown): void => {
    if (up === next) return;
    up = next;
    metrics.nodeUp.set({ node: name }, up ? 1 : 0);
    if (up) log.info({ event: 'mailbox-node-up', node: name }, 'a mailbox node is ready again');
    else log.warn({ event: 'mailbox-node-down', node: name, err: cause }, 'a mailbox node is passed over');
  };

  const probes = startLoop(`probe-${name}`, log, { intervalMs: PROBE_MS }, async (signal) => {
    if (up) return;
    const ready = await request(`${url}/ready`, {
      dispatcher: agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    }).catch(() => null);
    await ready?.body.dump();
    if (ready?.statusCode === 200) setUp(true);
  });

  const unavailable = (cause?: unknown): ServiceError =>
    new ServiceError('unavailable', 'a mailbox node does not answer', { cause });

  return {
    name,
    isUp: () => up,
    post: async (path, token, body, requestIds) => {
      if (!up) throw unavailable();
      try {
        const answer = await request(`${url}${path}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${token}`,
            [REQUEST_ID]: requestIds.slice(0, MAX_REQUEST_IDS).join(','),
          },
          body,
          dispatcher: agent,
          signal: AbortSignal.timeout(timeoutMs),
        });
        if (answer.statusCode === 200) return await answer.body.json();
        await answer.body.dump();
        const refused = new Error(`a mailbox node answered ${answer.statusCode} to POST ${path}`);
        if (answer.statusCode >= 500) throw refused;
        log[answer.statusCode === 429 ? 'info' : 'error'](
          { event: 'mailbox-node-refused', node: name, err: refused },
          refused.message,
        );
        throw unavailable(refused);
      } catch (error) {
        if (error instanceof ServiceError) throw error;
        setUp(false, error);
        throw unavailable(error);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await probes[Symbol.asyncDispose]();
      await agent.destroy();
    },
  };
};
