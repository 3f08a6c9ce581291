import type { MasterId, Missed } from './bus.ts';

/**
 * Whether anything that other masters told was lost. Each says a beat every {@link BEAT_MS}, with its number and how much it had published
 * before; a beat goes the way of the events, so that what is lost for longer than the time between two takes a beat with it.
 *
 * A beat that does not follow the one before is a gap. So is the first beat of a master over a new connection, if it has ever published
 * anything: it comes behind everything that this master has subscribed to, and only from then on nothing is lost without a trace. A master
 * that is silent for {@link SILENT_BEATS} is gone, and what it said last may have been lost.
 */
export type Beat = {
  readonly number: number;
  /** What it has published so far, or tried to. */
  readonly published: number;
  /** It ends, and has said everything. */
  readonly isLast: boolean;
};

export const BEAT_MS = 500;
export const SILENT_BEATS = 6;
/** More than any cell has: who makes names up takes no more memory than that. */
const PEERS = 64;

export type BusPeers = {
  /** The next beat of this master. */
  readonly next: (isLast?: boolean) => Beat;
  readonly published: () => void;
  /** Something that this master has published may have been lost: the others find a hole. */
  readonly mayBeLost: () => void;
  /** Heard of another one. True when nothing was heard of it before over this connection. */
  readonly hear: (from: MasterId, beat: Beat) => boolean;
  /** The time of a beat has passed with a connection. */
  readonly tick: () => void;
  /** There is a new connection. */
  readonly connected: () => void;
  readonly size: () => number;
};

type Peer = { number: number; silentFor: number; isHeard: boolean };

export const createBusPeers = (onMissed: (missed: Missed) => void): BusPeers => {
  const peers = new Map<MasterId, Peer>();
  let number = 0;
  let published = 0;
  return {
    next: (isLast = false) => {
      number += 1;
      return { number, published, isLast };
    },
    published: () => {
      published += 1;
    },
    mayBeLost: () => {
      number += 1;
      published += 1;
    },
    hear: (from, beat) => {
      const known = peers.get(from);
      if (known === undefined && peers.size === PEERS) return false;
      const isFirst = known?.isHeard !== true;
      if (!isFirst && beat.number <= known.number) return false;
      const isGap = isFirst ? beat.published > 0 : beat.number !== known.number + 1;
      if (beat.isLast) peers.delete(from);
      else peers.set(from, { number: beat.number, silentFor: 0, isHeard: true });
      if (isGap) onMissed({ kind: 'gap', master: from });
      if (beat.isLast) onMissed({ kind: 'gone', master: from });
      return isFirst && !beat.isLast;
    },
    tick: () => {
      for (const [master, peer] of peers) {
        peer.silentFor += 1;
        if (peer.silentFor <= SILENT_BEATS) continue;
        peers.delete(master);
        onMissed({ kind: 'gap', master });
        onMissed({ kind: 'gone', master });
      }
    },
    connected: () => {
      for (const peer of peers.values()) {
        peer.isHeard = false;
        peer.silentFor = 0;
      }
    },
    size: () => peers.size,
  };
};
