import { couchRequest, type CouchServer } from '@restante/service-kit';
import type { StoreRoom } from './store-room.ts';

/**
 * Canaries: small documents in the current bucket by which the other nodes measure how long replication takes. Only
 * its node writes one, and goes over to a fresh document long before its history reaches `revs_limit`, after every
 * failure and with every bucket: so a canary never conflicts.
 */

const PREFIX = 'canary:';
const WRITES_PER_DOCUMENT = 500;

/** First key of the canaries and the first key after them. */
export const CANARY_RANGE = { start: PREFIX, end: 'canary;' } as const;

export const isCanary = (id: string): boolean => id.startsWith(PREFIX);

/** The node that a canary is of. */
export const canaryNode = (id: string): string => id.split(':')[1] ?? '';

/** When a canary was written last, in milliseconds since 1970, or null when it is not a canary's document. */
export const canaryTime = (document: unknown): number | null =>
  typeof document === 'object' && document !== null && 'at' in document && typeof document.at === 'number'
    ? document.at
    : null;

/** The confirmed time that its node had when a canary was written, or null: nodes of the first release do not tell it. */
export const canaryConfirmed = (document: unknown): number | null =>
  typeof document === 'object' &&
  document !== null &&
  'confirmed' in document &&
  typeof document.confirmed === 'number'
    ? document.confirmed
    : null;

/**
 * Returns the task that writes this node's canary once; none before the confirmed time is known: whoever finds only a canary goes by what it
 * says, and a machine's clock alone is nobody's word (law 15).
 */
export const createCanary = ({
  server,
  room,
  node,
  bucket,
  now,
  confirmed,
}: {
  readonly server: CouchServer;
  readonly room: StoreRoom;
  readonly node: string;
  readonly bucket: () => string;
  /** By the machine's clock. */
  readonly now: () => number;
  /** The confirmed time, by which the others confirm theirs. */
  readonly confirmed: () => number | null;
}): (() => Promise<void>) => {
  const startedAt = now();
  let documents = 0;
  let current: {
    readonly db: string;
    readonly id: string;
    readonly rev: string;
    readonly writes: number;
  } | null = null;
  return async () => {
    const confirmedMs = confirmed();
    if (confirmedMs === null) return;
    const db = bucket();
    const previous = current?.db === db && current.writes < WRITES_PER_DOCUMENT ? current : null;
    current = null;
    if (previous === null) documents += 1;
    const id = previous?.id ?? `${PREFIX}${node}:${startedAt}-${documents}`;
    const body = { at: now(), confirmed: confirmedMs, ...(previous && { _rev: previous.rev }) };
    const answer = await room.watch(
      couchRequest(server, { db, path: encodeURIComponent(id), method: 'PUT', body }),
    );
    current = { db, id, rev: (answer as { rev: string }).rev, writes: (previous?.writes ?? 0) + 1 };
  };
};
