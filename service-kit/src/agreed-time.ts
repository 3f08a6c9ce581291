import { LIMITS } from '@restante/protocol';

/**
 * The time that a service goes by: its machine's, unless more than half of all mailbox nodes agree on another one. So a server whose clock is
 * wrong alone does its work by the clocks of the others, and nobody is given a time that they refuse (law 15). What is destroyed goes by
 * the confirmed time as well.
 */
export type AgreedTime = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The earlier one of it and what the machine's clock says: nobody else's word alone makes anything expire. */
  readonly earliest: () => number;
  /** What a node says of the time, now; null: it does not believe its clock itself, and counts for none until it does. */
  readonly hear: (node: string, timeMs: number | null) => void;
  /** How far the machine's clock is ahead of it; negative: behind. Not 0 while the others contradict that clock, and it is not gone by. */
  readonly offMs: () => number;
  /** Whether more than half of all nodes are known to agree on it. */
  readonly isAgreed: () => boolean;
};

/** What a node has said counts for so long: `monotonic` stands still while a machine sleeps. */
const VOICE_MS = 3_600_000;

const areApart = (a: number, b: number): boolean => Math.abs(a - b) > LIMITS.clockSkewMs;

/**
 * `nodes`: how many there are. `isNode`: this service is one of them. What the others have said goes on by `monotonic`, a clock that nobody
 * sets.
 */
export const createAgreedTime = ({
  nodes,
  isNode,
  machine,
  monotonic = () => performance.now(),
}: {
  readonly nodes: number;
  readonly isNode: boolean;
  readonly machine: () => number;
  readonly monotonic?: () => number;
}): AgreedTime => {
  /** When each node was heard last, and when `monotonic` began by its clock. */
  const voices = new Map<string, { readonly heardAt: number; readonly beganAt: number }>();

  const isMost = (count: number): boolean => count * 2 > nodes;
  const timesNow = (): number[] => {
    const livedMs = monotonic();
    return [...voices.values()]
      .filter(({ heardAt }) => livedMs - heardAt < VOICE_MS)
      .map(({ beganAt }) => beganAt + livedMs);
  };
  /** The time against the machine's clock that most nodes agree on, or null. */
  const outvoting = (machineMs: number): number | null => {
    const others = timesNow().filter((time) => areApart(time, machineMs));
    if (!isMost(others.length)) return null;
    const agreed = others.find((time) => isMost(others.filter((other) => !areApart(time, other)).length));
    return agreed ?? null;
  };

  return {
    now: () => {
      const machineMs = machine();
      return Math.round(outvoting(machineMs) ?? machineMs);
    },
    earliest: () => {
      const machineMs = machine();
      return Math.min(machineMs, Math.round(outvoting(machineMs) ?? machineMs));
    },
    hear: (node, timeMs) => {
      const heardAt = monotonic();
      if (timeMs === null) voices.delete(node);
      else voices.set(node, { heardAt, beganAt: timeMs - heardAt });
    },
    offMs: () => {
      const machineMs = machine();
      return machineMs - (outvoting(machineMs) ?? machineMs);
    },
    isAgreed: () => {
      const machineMs = machine();
      if (outvoting(machineMs) !== null) return true;
      const others = timesNow().filter((time) => !areApart(time, machineMs)).length;
      return isMost(others + (isNode ? 1 : 0));
    },
  };
};
