import { parseReplicationId } from './wanted.ts';

/**
 * How many writes of each peer's pulls were refused since this service was started. CouchDB counts by job, and anew with each job;
 * what a job had counted when it was first seen is of an earlier time.
 */
export type RefusedWrites = {
  /** The job of this replication begins anew now. */
  readonly begun: (id: string) => void;
  readonly ended: (id: string) => void;
  /** What the job of this replication has counted. */
  readonly seen: (id: string, count: number) => void;
  /** By peer. */
  readonly counts: () => Readonly<Record<string, number>>;
};

export const createRefusedWrites = (peers: readonly string[]): RefusedWrites => {
  const counts = new Map(peers.map((peer) => [peer, 0]));
  const last = new Map<string, number>();
  return {
    begun: (id) => void last.set(id, 0),
    ended: (id) => void last.delete(id),
    seen: (id, count) => {
      const peer = parseReplicationId(id)?.peer;
      const known = peer === undefined ? undefined : counts.get(peer);
      if (peer === undefined || known === undefined) return;
      const before = last.get(id) ?? count;
      last.set(id, count);
      counts.set(peer, known + (count < before ? count : count - before));
    },
    counts: () => Object.fromEntries(counts),
  };
};
