import { LIMITS } from '@restante/protocol';
import {
  CLOCK_DOCUMENT,
  clockDocument,
  type AgreedTime,
  type ConfirmedClock,
  couchRequest,
  type CouchServer,
  createDoubtWatch,
  hasStatus,
  type Logger,
  requestRows,
} from '@restante/service-kit';
import { canaryConfirmed, CANARY_RANGE, canaryTime } from './canary.ts';

/** Keeps the confirmed time in this node's CouchDB, with the admin's credentials (law 15). */
export type ClockKeeper = {
  /**
   * Takes the clock on, and over what somebody else has written: an operator's word. When nothing is written yet, the newest
   * canary of `buckets` tells, and without any the machine's clock: there is nothing to be destroyed.
   */
  readonly load: (buckets: readonly string[]) => Promise<void>;
  /** Writes the confirmed time, at most once a minute. */
  readonly save: () => Promise<void>;
  /** Whether the confirmed time stands on the disk. */
  readonly isKept: () => boolean;
};

const SAVE_EVERY_MS = 60_000;

export const createClockKeeper = ({
  log,
  admin,
  node: db,
  clock,
  time,
}: {
  readonly log: Logger;
  readonly admin: CouchServer;
  /** The node's own database. */
  readonly node: string;
  readonly clock: ConfirmedClock;
  readonly time: AgreedTime;
}): ClockKeeper => {
  /** What was read or written last. */
  let kept: { readonly rev: string; readonly confirmedAt: number } | null = null;

  const watchDoubt = createDoubtWatch(clock, time, log);

  const read = async (): Promise<typeof kept> => {
    try {
      const found = clockDocument.safeParse(await couchRequest(admin, { db, path: CLOCK_DOCUMENT }));
      if (found.success) return { rev: found.data._rev, confirmedAt: found.data.confirmedAt };
      log.error(
        { event: 'clock-document-bad' },
        'the document of the confirmed time is not one: it is put aside',
      );
      return null;
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw error;
    }
  };

  /** A step that was believed before the others were heard, and that most of them deny. Going back destroys nothing. */
  const takeBack = (): void => {
    const aheadMs = (clock.confirmed() ?? -Infinity) - time.now();
    if (aheadMs > LIMITS.clockSkewMs && time.isAgreed()) clock.set(time.now());
  };

  const newestCanary = async (buckets: readonly string[]): Promise<number | null> => {
    for (const bucket of buckets.toSorted().reverse()) {
      const { start: startkey, end: endkey } = CANARY_RANGE;
      const qs = { startkey, endkey, include_docs: true };
      const rows = await requestRows(admin, { db: bucket, path: '_all_docs', qs });
      const times = rows
        .flatMap(({ doc }) => canaryConfirmed(doc) ?? canaryTime(doc) ?? [])
        .filter((canaryMs) => canaryMs <= time.now());
      if (times.length > 0) return times.reduce((newest, time) => Math.max(newest, time));
    }
    return null;
  };

  return {
    load: async (buckets) => {
      clock.advance();
      const found = await read();
      if (found !== null && found.confirmedAt !== kept?.confirmedAt) clock.set(found.confirmedAt);
      if (clock.confirmed() === null) clock.set((await newestCanary(buckets)) ?? time.now());
      kept = found;
      takeBack();
      clock.advance();
      watchDoubt();
    },
    save: async () => {
      const confirmedAt = clock.confirmed();
      if (confirmedAt === null) return;
      if (kept !== null && Math.abs(confirmedAt - kept.confirmedAt) < SAVE_EVERY_MS) return;
      const body = kept === null ? { confirmedAt } : { confirmedAt, _rev: kept.rev };
      const answer = await couchRequest(admin, { db, path: CLOCK_DOCUMENT, method: 'PUT', body });
      kept = { rev: (answer as { rev: string }).rev, confirmedAt };
    },
    isKept: () => kept !== null,
  };
};
