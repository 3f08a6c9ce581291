import { LIMITS, type StoreResult } from '@restante/protocol';
import { ServiceError, type Logger } from '@restante/service-kit';
import type { Metrics } from '../metrics.ts';
import type { MailboxNode } from './mailbox-node.ts';

/**
 * Writes envelopes to one mailbox node by group commit: while requests are under way, what arrives is gathered for
 * the next one. Queue and request are bounded in bytes and envelopes (law 10).
 */
export type StoreWriter = {
  /**
   * Envelopes as JSON texts, of one send: they travel in one request. One result each, in order.
   *
   * @throws ServiceError `unavailable` when the node does not answer, or too much waits for it
   */
  readonly store: (envelopes: readonly string[], requestId: string) => Promise<StoreResult[]>;
};

const STORE = { path: '/messages', request: 'storeRequest', answer: 'storeResponse' } as const;
const REQUESTS_IN_FLIGHT = 2;
const MAX_QUEUE_BYTES = 64 * 1024 * 1024;
/** What a request has around and between its envelopes. */
const FRAME_BYTES = 32;

type Job = {
  readonly envelopes: readonly string[];
  readonly requestId: string;
  readonly bytes: number;
  readonly done: (results: StoreResult[]) => void;
  readonly failed: (error: ServiceError) => void;
};

type Options = {
  /** A token that may write. */
  readonly token: () => Promise<string>;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'storeLatency' | 'storeEnvelopes' | 'storeQueueBytes'>;
};

export const createStoreWriter = (node: MailboxNode, { token, log, metrics }: Options): StoreWriter => {
  const labels = { node: node.name };
  let queue: Job[] = [];
  let queuedBytes = 0;
  let inFlight = 0;
  let flushIsDue = false;

  const takeBatch = (): Job[] => {
    let envelopes = 0;
    let bytes = FRAME_BYTES;
    let size = 0;
    for (const job of queue) {
      envelopes += job.envelopes.length;
      bytes += job.bytes;
      const fits = envelopes <= LIMITS.envelopesPerStore && bytes <= LIMITS.storeBodyBytes;
      if (size > 0 && !fits) break;
      size += 1;
    }
    const batch = queue.slice(0, size);
    queue = queue.slice(size);
    queuedBytes -= batch.reduce((sum, job) => sum + job.bytes, 0);
    metrics.storeQueueBytes.set(labels, queuedBytes);
    return batch;
  };

  const write = async (batch: readonly Job[]): Promise<void> => {
    const envelopes = batch.flatMap((job) => job.envelopes);
    const stop = metrics.storeLatency.startTimer(labels);
    try {
      const body = `{"envelopes":[${envelopes.join(',')}]}`;
      const requestIds = batch.map(({ requestId }) => requestId);
      const { results } = await node.post(STORE, await token(), body, requestIds);
      if (results.length !== envelopes.length) throw new Error('not one result for each envelope');
      let from = 0;
      for (const job of batch) {
        job.done(results.slice(from, from + job.envelopes.length));
        from += job.envelopes.length;
      }
      const stored = results.filter(({ status }) => status === 'stored').length;
      metrics.storeEnvelopes.inc({ ...labels, result: 'stored' }, stored);
      metrics.storeEnvelopes.inc({ ...labels, result: 'refused' }, results.length - stored);
    } catch (thrown) {
      metrics.storeEnvelopes.inc({ ...labels, result: 'failed' }, envelopes.length);
      const known = thrown instanceof ServiceError;
      if (!known) log.error({ event: 'store-failed', ...labels, err: thrown }, 'an answer cannot be read');
      const error = known ? thrown : new ServiceError('unavailable', 'a mailbox node answered wrongly');
      for (const job of batch) job.failed(error);
    } finally {
      stop();
    }
  };

  const flush = (): void => {
    flushIsDue = false;
    while (queue.length > 0 && (inFlight < REQUESTS_IN_FLIGHT || !node.isUp())) {
      inFlight += 1;
      void write(takeBatch()).finally(() => {
        inFlight -= 1;
        flush();
      });
    }
  };

  return {
    store: (envelopes, requestId) =>
      new Promise((done, failed) => {
        const bytes = envelopes.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
        if (!node.isUp() || queuedBytes + bytes > MAX_QUEUE_BYTES) {
          metrics.storeEnvelopes.inc({ ...labels, result: 'failed' }, envelopes.length);
          failed(new ServiceError('unavailable', 'a mailbox node takes nothing now'));
          return;
        }
        queue.push({ envelopes, requestId, bytes, done, failed });
        queuedBytes += bytes;
        metrics.storeQueueBytes.set(labels, queuedBytes);
        if (flushIsDue) return;
        flushIsDue = true;
        setImmediate(flush);
      }),
  };
};
