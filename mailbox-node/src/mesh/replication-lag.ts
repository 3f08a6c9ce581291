/**
 * How far each peer's mail lags behind on this node. Every node writes a canary at a known interval; what counts is
 * how long the last one took to arrive, or how long the next one is overdue. Needs the nodes' clocks to agree.
 */
export type ReplicationLag = {
  /** A peer's canary that was written at `writtenAtMs` has arrived now. */
  readonly arrived: (peer: string, writtenAtMs: number) => void;
  /** Lag of every peer now. */
  readonly seconds: () => Readonly<Record<string, number>>;
};

export const createReplicationLag = ({
  peers,
  intervalMs,
  now,
}: {
  readonly peers: readonly string[];
  readonly intervalMs: number;
  readonly now: () => number;
}): ReplicationLag => {
  const startedAtMs = now();
  const last = new Map(peers.map((peer) => [peer, { lagMs: 0, arrivedAtMs: startedAtMs }]));
  return {
    arrived: (peer, writtenAtMs) => {
      if (last.has(peer)) last.set(peer, { lagMs: Math.max(0, now() - writtenAtMs), arrivedAtMs: now() });
    },
    seconds: () =>
      Object.fromEntries(
        [...last].map(([peer, { lagMs, arrivedAtMs }]) => [
          peer,
          Math.max(lagMs, now() - arrivedAtMs - intervalMs) / 1000,
        ]),
      ),
  };
};
