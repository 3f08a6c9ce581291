import type { Bench } from '../measurement.ts';
import { startCrowd, type Crowd } from '../load/start-crowd.ts';
import { startBenchCluster, type BenchCluster } from '../servers/cluster.ts';
import { createClusterMeter, type ClusterMeter } from '../servers/cluster-meter.ts';
import { compact, databaseSize, type DatabaseSize } from '../servers/database-size.ts';
import { waitFor } from '@restante/testkit';

/** A cluster, people, and what their use of it costs. */
export type Stage = AsyncDisposable & {
  readonly cluster: BenchCluster;
  readonly crowd: Crowd;
  readonly meter: ClusterMeter;
  /** Databases whose names start so, on one CouchDB: the mean of the three. */
  readonly sizeOf: (databases: string) => Promise<DatabaseSize>;
  /** Waits until `isThere` holds at each of the three, which hold the same. */
  readonly settled: (databases: string, isThere?: (size: DatabaseSize) => boolean) => Promise<void>;
  /** Compacts them on all three. */
  readonly compact: (databases: string) => Promise<void>;
};

const SETTLED_WITHIN_MS = 600_000;
const POLL_MS = 500;

export const openStage = async (bench: Bench): Promise<Stage> => {
  const { users, perSecond } = bench.size;
  await using cleanup = new AsyncDisposableStack();
  // Everybody comes from one address, and few may send what many would.
  const cluster = await startBenchCluster(bench, {
    REGISTRATIONS_PER_ADDRESS_PER_HOUR: String(users),
    NEW_DEVICE_KIB_PER_ADDRESS_PER_HOUR: String(60 * users),
    MESSAGES_PER_DEVICE_PER_MINUTE: String(60 * perSecond),
  });
  cleanup.use(cluster);
  const crowd = cleanup.use(startCrowd());
  const meter = await createClusterMeter(cluster);
  const urls = cluster.couchServers.map(({ adminUrl }) => adminUrl);
  const sizes = (databases: string): Promise<DatabaseSize[]> =>
    Promise.all(urls.map((url) => databaseSize(url, cluster.databasePrefix + databases)));
  const stack = cleanup.move();
  return {
    cluster,
    crowd,
    meter,
    sizeOf: async (databases) => {
      const all = await sizes(databases);
      const mean = (count: (size: DatabaseSize) => number): number =>
        all.reduce((sum, size) => sum + count(size), 0) / all.length;
      const tellsActive = all.every(({ activeBytes }) => activeBytes !== null);
      return {
        documents: mean(({ documents }) => documents),
        deleted: mean(({ deleted }) => deleted),
        fileBytes: mean(({ fileBytes }) => fileBytes),
        activeBytes: tellsActive ? mean(({ activeBytes }) => activeBytes ?? 0) : null,
      };
    },
    settled: async (databases, isThere = () => true) => {
      const isSettled = async (): Promise<boolean> => {
        const all = await sizes(databases);
        const isSame = all.every(
          ({ documents, deleted }) => documents === all[0]?.documents && deleted === all[0].deleted,
        );
        return isSame && all.every(isThere);
      };
      await waitFor(`three copies of ${databases}`, isSettled, {
        timeoutMs: SETTLED_WITHIN_MS,
        everyMs: POLL_MS,
      });
    },
    compact: async (databases) => {
      await Promise.all(urls.map((url) => compact(url, cluster.databasePrefix + databases)));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
};
