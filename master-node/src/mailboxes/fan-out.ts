import type { ErrorCode, StoredEnvelope, StoreResult } from '@restante/protocol';
import { ServiceError, toServiceError } from '@restante/service-kit';
import { cellsOf, type Placement } from './cell.ts';
import type { StoreWriter } from './store-writer.ts';

/**
 * Law 1: a message is accepted when each of its envelopes is on the disks of W mailbox nodes, without waiting for the
 * others. When all have answered or failed and fewer than W have it, policy `available` takes one copy for enough,
 * `strict` does not; and none does when a node that answered takes the time for a wrong one, unless most nodes agree with this master (law
 * 15): one clock alone would keep it where nobody looks. Each cell that an account's mail is in counts for itself: a read of either has the message.
 */
export type FanOut = (envelopes: readonly StoredEnvelope[], requestId: string) => Promise<number>;

export type WritableCell = { readonly name: string; readonly writers: readonly StoreWriter[] };

export type FanOutOptions = {
  readonly writeConcern: number;
  readonly writePolicy: 'available' | 'strict';
  /** Whether the time that this master goes by is known to be that of most nodes. */
  readonly isTimeAgreed: () => boolean;
};

/** What is known of one envelope so far. */
type Progress = { stored: number; pending: number; refusals: ErrorCode[] };

const RETRY_AFTER_MS = 2000;
/** Somebody has to read first. */
const FULL_RETRY_AFTER_MS = 15_000;
const FULL: ReadonlySet<ErrorCode> = new Set(['mailbox-full', 'sender-share-full']);

/** The master has found the time of a message fit, and its own token: when nodes do not, one of these clocks is wrong, and may be right soon. */
const OF_TIME: ReadonlySet<ErrorCode> = new Set(['clock-skew', 'message-expired', 'token-expired']);

/** Why an envelope that no node took was not taken: what all that answered said. */
const refusal = (envelope: Progress): ServiceError => {
  const [code] = envelope.refusals;
  const agreed =
    envelope.stored === 0 && envelope.refusals.every((other) => other === code && !OF_TIME.has(other));
  if (code !== undefined && agreed) {
    const later = FULL.has(code) ? { retryAfterMs: FULL_RETRY_AFTER_MS } : {};
    return new ServiceError(code, 'the mailbox nodes refused the message', later);
  }
  return new ServiceError('unavailable', 'too few mailbox nodes have the message', {
    retryAfterMs: RETRY_AFTER_MS,
  });
};

/** Gives the number of copies. Throws ServiceError `unavailable`, or what all nodes that answered refused it for. */
export const createFanOut =
  (placement: Placement<WritableCell>, { writeConcern, writePolicy, isTimeAgreed }: FanOutOptions): FanOut =>
  (envelopes, requestId) =>
    new Promise((resolve, reject) => {
      const enough = writePolicy === 'strict' ? writeConcern : 1;
      const progress: Progress[] = [];
      const isDisputed = ({ stored, refusals }: Progress): boolean =>
        stored < writeConcern && !isTimeAgreed() && refusals.some((code) => OF_TIME.has(code));

      const decide = (): void => {
        const fewest = Math.min(...progress.map(({ stored }) => stored));
        if (fewest >= writeConcern) resolve(fewest);
        else if (progress.every(({ pending }) => pending === 0)) {
          const lacking = progress.find((envelope) => envelope.stored < enough || isDisputed(envelope));
          if (lacking) reject(refusal(lacking));
          else resolve(fewest);
        }
      };

      const placed = envelopes.flatMap((envelope) =>
        cellsOf(envelope.accountId, placement).map((cell) => ({ cell, envelope })),
      );
      const byCell = Map.groupBy(placed, ({ cell }) => cell);
      const requests = [...byCell].flatMap(([{ writers }, members]) => {
        const states = members.map((): Progress => ({ stored: 0, pending: writers.length, refusals: [] }));
        progress.push(...states);
        const texts = members.map(({ envelope }) => JSON.stringify(envelope));
        return writers.map((writer) => ({ writer, states, texts }));
      });
      for (const { writer, states, texts } of requests) {
        const settle = (results: readonly StoreResult[] | null): void => {
          states.forEach((state, index) => {
            state.pending -= 1;
            const result = results?.[index];
            if (result?.status === 'stored') state.stored += 1;
            if (result?.status === 'refused') state.refusals.push(result.code);
          });
          decide();
        };
        const fail = (error: unknown): void => {
          const { code } = toServiceError(error);
          settle(OF_TIME.has(code) ? states.map(() => ({ status: 'refused', code })) : null);
        };
        writer.store(texts, requestId).then(settle, fail);
      }
    });
