import type { RefusedWrites } from '../mesh/refused-writes.ts';
import type { ClockHealth, SetAside } from '@restante/service-kit';
import type { CouchCondition } from '../couch/condition.ts';
import type { DatabaseSize } from '../couch/database-keeper.ts';
import type { ReplicationJob } from '../couch/mesh-keeper.ts';
import type { DocumentFault } from '../couch/envelope-row.ts';

const LAG_LIMIT_SECONDS = 30;

/** What `GET /health` tells: only what is known already, so that it answers at once whatever is broken. */
export const createHealth =
  (sources: {
    readonly node: string;
    /** By the machine's clock. */
    readonly now: () => number;
    readonly clock: () => ClockHealth;
    readonly condition: CouchCondition;
    readonly adminCondition: CouchCondition;
    /** Null: blobs lie in CouchDB. */
    readonly objectStore: Pick<CouchCondition, 'state' | 'reason'> | null;
    readonly sizes: () => readonly DatabaseSize[];
    readonly jobs: () => readonly ReplicationJob[];
    readonly refusedWrites: RefusedWrites['counts'];
    readonly lagSeconds: () => Readonly<Record<string, number>>;
    readonly isComplete: () => boolean;
    readonly caughtUpWith: () => readonly string[];
    readonly isFull: () => boolean;
    readonly setAside: SetAside<DocumentFault>;
    readonly listeners: () => number;
    readonly queuedBytes: () => number;
    readonly isDraining: () => boolean;
  }) =>
  (): object => {
    const { condition, adminCondition } = sources;
    const replications = sources.jobs();
    const lagSeconds = sources.lagSeconds();
    const isWhole =
      adminCondition.state() === 'up' &&
      sources.isComplete() &&
      (sources.objectStore === null || sources.objectStore.state() === 'up') &&
      !sources.clock().isDoubted &&
      replications.every(({ state }) => state === 'running') &&
      Object.values(lagSeconds).every((seconds) => seconds <= LAG_LIMIT_SECONDS);
    const working = isWhole ? 'up' : 'degraded';
    return {
      status: condition.state() === 'up' && !sources.isFull() && !sources.isDraining() ? working : 'down',
      node: sources.node,
      time: sources.now(),
      clock: sources.clock(),
      couchdb: {
        state: condition.state(),
        reason: condition.reason(),
        isFull: sources.isFull(),
        admin: { state: adminCondition.state(), reason: adminCondition.reason() },
      },
      ...(sources.objectStore && {
        objectStore: { state: sources.objectStore.state(), reason: sources.objectStore.reason() },
      }),
      databases: sources.sizes(),
      replications,
      refusedWrites: Object.fromEntries(
        Object.entries(sources.refusedWrites()).map(([peer, counts]) => [
          peer,
          Object.values(counts).reduce((sum, count) => sum + count, 0),
        ]),
      ),
      isComplete: sources.isComplete(),
      caughtUpWith: sources.caughtUpWith(),
      lagSeconds,
      setAside: { counts: sources.setAside.counts(), examples: sources.setAside.examples() },
      listeners: sources.listeners(),
      queuedBytes: sources.queuedBytes(),
      isDraining: sources.isDraining(),
    };
  };
