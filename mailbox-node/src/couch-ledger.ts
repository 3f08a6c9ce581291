import { messageTime, parseDocumentId } from '@restante/protocol';
import type { CouchServer } from '@restante/service-kit';
import { isCanary } from './couch-canary.ts';
import { couchRequest, requestRows } from './couch-request.ts';

/** What became of all mail that a bucket ever took in (law 9): accepted = deleted + expired + waiting. */
export type BucketLedger = {
  readonly accepted: number;
  readonly deleted: number;
  readonly expired: number;
  readonly waiting: number;
  /** Whether nothing was taken in or deleted while it was counted: only then the four must add up. */
  readonly isExact: boolean;
};

export type Ledger = {
  /** Counts a bucket anew, unless nothing can have changed since the last time. */
  readonly count: (database: string, signal: AbortSignal) => Promise<BucketLedger>;
  readonly forget: (database: string) => void;
};

const KEYS_PER_READ = 5_000;

type Info = { readonly doc_count: number; readonly doc_del_count: number; readonly update_seq: unknown };

/**
 * `accepted` and `deleted` are the engine's own counts, without canaries; `waiting` and `expired` come from reading
 * every key. Under load the four are of slightly different moments, and `isExact` says so. Expired here is what lies
 * longer than `ttlMs` by the time in its id.
 */
export const createLedger = ({
  server,
  ttlMs,
  now,
}: {
  readonly server: CouchServer;
  readonly ttlMs: number;
  readonly now: () => number;
}): Ledger => {
  type Counted = { readonly sequence: string; readonly ledger: BucketLedger; readonly nextExpiryMs: number };
  const counted = new Map<string, Counted>();

  const scan = async (db: string, info: Info, signal: AbortSignal): Promise<Counted> => {
    const expiredUntil = now() - ttlMs;
    let canaries = 0;
    let expired = 0;
    let waiting = 0;
    let nextExpiryMs = Infinity;
    let from: string | undefined;
    for (;;) {
      signal.throwIfAborted();
      const rows = await requestRows(server, {
        db,
        path: '_all_docs',
        qs: { limit: KEYS_PER_READ, ...(from !== undefined && { startkey: `${from}!` }) },
      });
      for (const { id } of rows) {
        const parsed = parseDocumentId(id);
        if (parsed === null) {
          canaries += isCanary(id) ? 1 : 0;
          continue;
        }
        const time = messageTime(parsed.messageId);
        if (time <= expiredUntil) expired += 1;
        else {
          waiting += 1;
          nextExpiryMs = Math.min(nextExpiryMs, time + ttlMs);
        }
      }
      from = rows.at(-1)?.id;
      if (rows.length < KEYS_PER_READ) break;
    }
    const after = (await couchRequest(server, { db })) as Info;
    return {
      sequence: JSON.stringify(info.update_seq),
      ledger: {
        accepted: info.doc_count + info.doc_del_count - canaries,
        deleted: info.doc_del_count,
        expired,
        waiting,
        isExact: after.doc_count === info.doc_count && after.doc_del_count === info.doc_del_count,
      },
      nextExpiryMs,
    };
  };

  return {
    count: async (db, signal) => {
      const info = (await couchRequest(server, { db })) as Info;
      const last = counted.get(db);
      const isUnchanged = last?.sequence === JSON.stringify(info.update_seq) && now() < last.nextExpiryMs;
      if (isUnchanged && last.ledger.isExact) return last.ledger;
      const fresh = await scan(db, info, signal);
      counted.set(db, fresh);
      return fresh.ledger;
    },
    forget: (db) => {
      counted.delete(db);
    },
  };
};
