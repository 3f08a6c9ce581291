import { basename, dirname, join } from 'node:path';
import { readdir, stat } from 'node:fs/promises';
import type { BenchCluster } from './cluster.ts';
import { cpuSeconds } from './cpu-time.ts';
import { findCouchProcess } from './local-couch.ts';
import { peakMemoryMb, residentMemoryMb } from '@restante/testkit';

export const ROLES = ['master', 'mailbox node', 'CouchDB'] as const;
export type Role = (typeof ROLES)[number];

/** Roles whose processes are not on this machine are missing. */
export type ByRole<Value> = ReadonlyMap<Role, Value>;

/** What was used from a start to an end. */
export type Usage = {
  readonly seconds: number;
  /** Seconds of processor time of one process of a role, the mean of its processes. */
  readonly cpuSeconds: ByRole<number>;
  /** The same of the one that used most. */
  readonly busiest: ByRole<number>;
  /** What the master and the three nodes have logged, together. */
  readonly logBytes: number;
};

/** Of the largest process of a role. */
export type Memory = { readonly peakMb: number; readonly nowMb: number };

/** Tells what the processes of a cluster use. */
export type ClusterMeter = {
  readonly start: () => Promise<() => Promise<Usage>>;
  readonly memory: () => Promise<ByRole<Memory>>;
};

const sizeOfLogs = async (files: readonly string[]): Promise<number> => {
  let bytes = 0;
  for (const file of files) {
    // With what was rotated.
    const names = (await readdir(dirname(file))).filter((name) => name.startsWith(basename(file)));
    for (const name of names) bytes += (await stat(join(dirname(file), name))).size;
  }
  return bytes;
};

export const createClusterMeter = async (cluster: BenchCluster): Promise<ClusterMeter> => {
  const isEmbedded = cluster.couches.length > 0;
  const couchUrls = isEmbedded ? [] : cluster.couchServers.map(({ adminUrl }) => adminUrl);
  const foreign = (await Promise.all(couchUrls.map(findCouchProcess))).filter((pid) => pid !== null);
  const services = [...cluster.masters, ...cluster.mailboxNodes];
  const pidsOf = (role: Role): number[] => {
    const own = { master: cluster.masters, 'mailbox node': cluster.mailboxNodes, CouchDB: cluster.couches };
    if (role === 'CouchDB' && !isEmbedded) return foreign.length === couchUrls.length ? foreign : [];
    return own[role].flatMap(({ pid }) => pid ?? []);
  };
  const byRole = async <Value, Joined>(
    read: (pid: number) => Promise<Value>,
    join: (values: readonly Value[]) => Joined,
  ): Promise<ByRole<Joined>> => {
    const found = new Map<Role, Joined>();
    for (const role of ROLES) {
      const pids = pidsOf(role);
      if (pids.length > 0) found.set(role, join(await Promise.all(pids.map(read))));
    }
    return found;
  };
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const read = async () => ({
    atMs: performance.now(),
    cpu: await byRole(cpuSeconds, (all) => all),
    logBytes: await sizeOfLogs(services.map(({ logFile }) => logFile)),
  });
  return {
    start: async () => {
      const before = await read();
      return async () => {
        const after = await read();
        const used = [...after.cpu].map(
          ([role, all]) =>
            [role, all.map((seconds, index) => seconds - (before.cpu.get(role)?.[index] ?? 0))] as const,
        );
        return {
          seconds: (after.atMs - before.atMs) / 1000,
          cpuSeconds: new Map(used.map(([role, all]) => [role, mean(all)])),
          busiest: new Map(used.map(([role, all]) => [role, Math.max(...all)])),
          logBytes: after.logBytes - before.logBytes,
        };
      };
    },
    memory: () =>
      byRole<Memory, Memory>(
        async (pid) => ({ peakMb: await peakMemoryMb(pid), nowMb: await residentMemoryMb(pid) }),
        (processes) => ({
          peakMb: Math.max(...processes.map(({ peakMb }) => peakMb)),
          nowMb: Math.max(...processes.map(({ nowMb }) => nowMb)),
        }),
      ),
  };
};
