import type { Cluster } from '@restante/scripts/cluster';
import type { TestCluster } from '@restante/testkit/cluster';
import type { Servers } from '@restante/testkit/servers';

/** The services that people talk through. */
export type ChaosCluster = AsyncDisposable &
  Pick<TestCluster, 'dataDir' | 'envelopes' | 'isCaughtUp' | 'setClock' | 'heal'> & {
    readonly parts: Pick<
      Cluster,
      'processes' | 'couches' | 'mailboxNodes' | 'masters' | 'buses' | 'couchServers' | 'databasePrefix'
    >;
    /** Where a device finds them, its usual place first. `device`: how many there were before it. */
    readonly entrances: (device: number) => readonly string[];
    /** Names of what has a clock of its own, for `setClock`. */
    readonly clocks: readonly string[];
    /** What may be done between the processes of one machine, and to its disks; null: they are on several. */
    readonly machine: Pick<TestCluster, 'links' | 'smallDisk' | 'slowDisk'> | null;
    /** What cannot happen here, in sentences. */
    readonly missing: readonly string[];
    /** Null: all is on one machine. */
    readonly servers: Servers | null;
  };

export type ChaosClusterOptions = {
  readonly masters: number;
  /** More variables of services. */
  readonly environment: Readonly<Record<string, string>>;
  /** Told of services that end though nobody has asked them to. */
  readonly onCrash: (who: string, how: string) => void;
};
