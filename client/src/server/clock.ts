import { LIMITS, mintMessageId, nextMessageTime, type MessageId } from '@restante/protocol';
import type { Store, Transaction } from '../vault/store.ts';
import { ONLY, type Clock } from '../vault/tables.ts';

/** Before anything is known of the time. */
export const UNSET: Clock = { offsetMs: 0, lastMessageTimeMs: 0 };

/** Clocks of masters that differ by less are taken for one. */
const TOLERANCE_MS = 1_000;
/**
 * Ids that were minted further ahead than nodes take do not keep those to come there, once what waits under them has others. By less, the
 * next ones follow them: a master's answer may be late, masters' clocks differ, and the texts of one person stay in their order.
 */
const AHEAD_MS = LIMITS.clockSkewMs;
/**
 * What was written after something stands behind it for everybody, as in a hybrid logical clock (Kulkarni et al. 2014): the
 * clocks of two people are known to {@link TOLERANCE_MS} and half of what an answer took, and a reply may be quicker. Whoever
 * says a time from further ahead is not followed.
 */
const FOLLOWED_MS = 5_000;
/** A master that does not answer for this long is not asked what the time is. */
const PATIENCE_MS = 2_000;

/**
 * The server's time, as far as it is known: this machine's time and an offset that is measured whenever a master says
 * what the time is. The wall clock may be set while the messenger runs, so it is held against a clock that never jumps;
 * when they disagree a master is asked at once, and until it answers time goes on as if nothing had been set.
 */
export type ServerClock = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Takes the offset that was measured last from the vault. */
  readonly load: () => Promise<void>;
  /** A connection has begun, on which a master can be asked: it answers with {@link ServerClock.observe}. */
  readonly connect: (ask: () => void) => void;
  readonly disconnect: () => void;
  /**
   * Takes note of the time that a server has said when it was asked, `tookMs` before now at the most: it was so at some moment
   * since. An offset that agrees with that stays, and so nobody's time is moved by a slow network or a busy machine.
   */
  readonly observe: (serverTimeMs: number, tookMs: number) => Promise<void>;
  /** What a server has said last, gone on since by the clock that nobody sets; null: none has said anything yet. Milliseconds since 1970. */
  readonly told: () => number | null;
  /** Resolves when the time is known as well as it can be: a wait for a master's answer after a jump, else none. */
  readonly settled: () => Promise<void>;
  /** Mints a message id; its time is committed with the transaction, so no two ids share a millisecond. */
  readonly mint: (transaction: Transaction) => Promise<MessageId>;
  /** Of these times, which messages have that were taken, none is behind the ids to come. Answers what has been reached, which is not before any of them. Times from further ahead than clocks differ are left out of both. */
  readonly hear: (timesMs: readonly number[]) => number;
  /** The last time that a master takes, as far as the server's time is known. */
  readonly latest: () => number;
  /** Mints an id for what a master has refused, or would: at the server's time, after `lastMs` unless that is from ahead. It holds back none of those to come. */
  readonly mintAgain: (lastMs: number) => MessageId;
  /** Nothing waits under ids that no master takes: the next ones start from the server's time again, after `lastMs`. */
  readonly rewind: (transaction: Transaction, lastMs: number) => Promise<void>;
};

export type ClockDeps = {
  readonly store: Store;
  /** Milliseconds since 1970 by this machine's clock, which may be set. */
  readonly now: () => number;
  /** Milliseconds since any moment, by a clock that nobody sets; it may stand still while the machine sleeps. */
  readonly monotonic: () => number;
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
};

export const serverClock = ({ store, now, monotonic, random }: ClockDeps): ServerClock => {
  let offsetMs = 0;
  let reference = { wall: now(), monotonic: monotonic() };
  /** How far the wall clock has jumped since the last measurement. */
  let jumpMs = 0;
  let ask: (() => void) | null = null;
  /** The last time that was minted or heard. */
  let lastMs = 0;
  /** What a server has said last. */
  let word: { readonly timeMs: number; readonly monotonicMs: number } | null = null;
  /** The wait for a master's word after a jump. */
  let waiting: { readonly done: Promise<void>; readonly end: () => void } | null = null;

  const read = async (transaction: Transaction): Promise<Clock> =>
    (await transaction.get('clock', ONLY)) ?? UNSET;
  const serverNow = (): number => Math.round(now() - jumpMs + offsetMs);
  const isFollowed = (timeMs: number): boolean => timeMs <= serverNow() + FOLLOWED_MS;
  const hear = (timesMs: readonly number[]): number => {
    lastMs = Math.max(isFollowed(lastMs) ? lastMs : 0, ...timesMs.filter(isFollowed));
    return Math.max(serverNow(), lastMs);
  };
  const latest = (): number => serverNow() + AHEAD_MS;
  /** The next time after one that was given before. That may have been when the clock was wrong: then it says nothing. */
  const timeAfter = (lastMs: number): number => nextMessageTime(serverNow(), lastMs <= latest() ? lastMs : 0);

  const begin = (): NonNullable<typeof waiting> => {
    let resolve = (): void => undefined;
    const done = new Promise<void>((resolved) => (resolve = resolved));
    const timer = setTimeout(giveUp, PATIENCE_MS);
    return {
      done,
      end: () => {
        clearTimeout(timer);
        waiting = null;
        resolve();
      },
    };
  };
  /**
   * No master says what the time is. A clock that is behind has been set; one that is ahead has more often gone on while
   * the machine slept, and the other stood still.
   */
  const giveUp = (): void => {
    if (jumpMs < 0) offsetMs -= jumpMs;
    jumpMs = 0;
    waiting?.end();
  };
  const measure = (): void => {
    if (waiting !== null) return;
    if (ask === null) giveUp();
    else {
      waiting = begin();
      ask();
    }
  };
  /** Slow differences are measured by every answer of a master; what is sudden is a jump. */
  const watch = (): void => {
    const current = { wall: now(), monotonic: monotonic() };
    const difference = current.wall - reference.wall - (current.monotonic - reference.monotonic);
    reference = current;
    if (Math.abs(difference) < TOLERANCE_MS) return;
    jumpMs += difference;
    measure();
  };

  return {
    now: () => {
      watch();
      return serverNow();
    },
    load: async () => {
      offsetMs = (await store.get('clock', ONLY))?.offsetMs ?? 0;
    },
    connect: (asking) => {
      ask = asking;
    },
    disconnect: () => {
      ask = null;
      giveUp();
    },
    observe: async (serverTimeMs, tookMs) => {
      reference = { wall: now(), monotonic: monotonic() };
      word = { timeMs: serverTimeMs, monotonicMs: reference.monotonic };
      const least = serverTimeMs - reference.wall;
      const agrees = (known: number): boolean =>
        known > least - TOLERANCE_MS && known < least + tookMs + TOLERANCE_MS;
      const before = offsetMs;
      const known = [before, before - jumpMs].find(agrees);
      offsetMs = known ?? least + tookMs / 2;
      jumpMs = 0;
      waiting?.end();
      if (offsetMs === before) return;
      await store.transact(async (transaction) => {
        transaction.put('clock', ONLY, { ...(await read(transaction)), offsetMs });
      });
    },
    told: () => word && word.timeMs + Math.max(0, monotonic() - word.monotonicMs),
    settled: async () => {
      watch();
      await waiting?.done;
    },
    mint: async (transaction) => {
      const clock = await read(transaction);
      const timeMs = nextMessageTime(
        serverNow(),
        Math.max(clock.lastMessageTimeMs, isFollowed(lastMs) ? lastMs : 0),
      );
      hear([timeMs]);
      transaction.put('clock', ONLY, { ...clock, offsetMs, lastMessageTimeMs: timeMs });
      return mintMessageId(timeMs, random(new Uint8Array(10)));
    },
    hear,
    latest,
    mintAgain: (lastMs) => mintMessageId(timeAfter(lastMs), random(new Uint8Array(10))),
    rewind: async (transaction, lastMs) => {
      const clock = await read(transaction);
      if (clock.lastMessageTimeMs <= latest()) return;
      transaction.put('clock', ONLY, { ...clock, lastMessageTimeMs: timeAfter(lastMs - 1) });
    },
  };
};
