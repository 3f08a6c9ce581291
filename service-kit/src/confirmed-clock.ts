import { LIMITS } from '@restante/protocol';
import { z } from 'zod';
import type { AgreedTime } from './agreed-time.ts';
import type { Logger } from './log.ts';

/**
 * Nothing is destroyed on one reading of a clock (law 15). Beside the machine's clock stands a time that is kept durably and
 * goes on only as it is lived through: the confirmed time. It follows the machine's clock in steps of at most
 * {@link BELIEVED_STEP_MS}. What is further ahead is doubted until a peer's confirmed time or an operator says the same.
 */
export type ConfirmedClock = {
  /** Takes the confirmed time on. To be called every few seconds. */
  readonly advance: () => void;
  /** Takes over what stands on the disk, or an operator's word, later or earlier than what was known. */
  readonly set: (confirmedMs: number) => void;
  /** Another service's confirmed time. It counts as far as this machine's clock agrees. */
  readonly hear: (confirmedMs: number) => void;
  /** The confirmed time; null before it is known. */
  readonly confirmed: () => number | null;
  /**
   * A time that has come, even if the last step that was believed was wrong: what expired by it may be destroyed.
   * `-Infinity` while nothing is known.
   */
  readonly surely: () => number;
  /**
   * As `surely`, for what waits for a span that is shorter than the steps that are believed: once it was lived through, and the clock had no
   * step meanwhile, its end need not be doubted.
   */
  readonly surelyAfter: (spanMs: number) => number;
  /** The later one of the machine's clock and the confirmed time: what is made for the time to come is made for this one. */
  readonly latest: () => number;
  /** How far the machine's clock is ahead of the confirmed time; negative: behind it. */
  readonly aheadMs: () => number;
  readonly isBehind: () => boolean;
  /** Whether the two are too far apart to be believed. */
  readonly isDoubted: () => boolean;
};

/**
 * What a cluster may have been off without anybody having to say that it was. What is destroyed is destroyed this much
 * later than it might be, so that a step of this size costs nothing when it was wrong.
 */
export const BELIEVED_STEP_MS = 7 * 24 * 60 * 60 * 1000;

/** Where a mailbox node keeps the confirmed time: in its own database, where masters and operators find it too. Not replicated. */
export const CLOCK_DOCUMENT = '_local/restante-clock';

export const clockDocument = z.looseObject({ confirmedAt: z.number().int().nonnegative(), _rev: z.string() });

export const createConfirmedClock = (
  now: () => number,
  monotonic: () => number = () => performance.now(),
): ConfirmedClock => {
  let confirmed: number | null = null;
  let lookedAtMs = monotonic();
  /** From where on the clock has gone as `monotonic` does. */
  let steadyFrom = { atMs: now(), livedMs: lookedAtMs };

  const aheadMs = (): number => (confirmed === null ? 0 : now() - confirmed);
  const isBehind = (): boolean => aheadMs() < -LIMITS.clockSkewMs;
  const isDoubted = (): boolean => isBehind() || aheadMs() > BELIEVED_STEP_MS;
  const surely = (): number =>
    confirmed === null ? -Infinity : Math.min(now(), confirmed) - BELIEVED_STEP_MS;
  const isSteady = (): boolean =>
    Math.abs(now() - steadyFrom.atMs - (monotonic() - steadyFrom.livedMs)) <= LIMITS.clockSkewMs;

  return {
    advance: () => {
      const livedMs = monotonic() - lookedAtMs;
      lookedAtMs += livedMs;
      if (!isSteady()) steadyFrom = { atMs: now(), livedMs: lookedAtMs };
      if (confirmed === null || aheadMs() <= 0) return;
      confirmed += Math.min(livedMs, aheadMs());
      if (!isDoubted()) confirmed = now();
    },
    set: (confirmedMs) => {
      confirmed = confirmedMs;
    },
    hear: (confirmedMs) => {
      if (confirmed !== null) confirmed = Math.max(confirmed, Math.min(confirmedMs, now()));
    },
    confirmed: () => (confirmed === null ? null : Math.round(confirmed)),
    surely,
    surelyAfter: (spanMs) => {
      const isLivedThrough = isSteady() && monotonic() - steadyFrom.livedMs >= spanMs;
      return confirmed !== null && isLivedThrough && !isDoubted() ? Math.min(now(), confirmed) : surely();
    },
    latest: () => Math.max(now(), confirmed ?? -Infinity),
    aheadMs,
    isBehind,
    isDoubted,
  };
};

/** What `GET /health` tells of a machine's clock. */
export type ClockHealth = {
  /** It is too far from the confirmed time, or most mailbox nodes contradict it. */
  readonly isDoubted: boolean;
  readonly confirmedAt: number | null;
  /** Of the machine's clock; negative: it is behind. */
  readonly aheadSeconds: number;
};

/** What is told of a machine's clock, by the confirmed time and by that of the others. */
export const clockHealth = (clock: ConfirmedClock, time: AgreedTime): ClockHealth => ({
  isDoubted: clock.isDoubted() || time.offMs() !== 0,
  confirmedAt: clock.confirmed(),
  aheadSeconds: Math.round((clock.aheadMs() + time.offMs()) / 1000),
});

/** Returns what logs that a clock is not believed, and that it is again, whenever it is called and that has changed. */
export const createDoubtWatch = (clock: ConfirmedClock, time: AgreedTime, log: Logger): (() => void) => {
  let wasDoubted = false;
  return () => {
    const { isDoubted, aheadSeconds } = clockHealth(clock, time);
    if (isDoubted === wasDoubted) return;
    wasDoubted = isDoubted;
    if (wasDoubted) {
      log.error(
        { event: 'clock-doubted', aheadSeconds },
        'the clock is not believed: nothing is dropped by it',
      );
    } else log.info({ event: 'clock-believed', aheadSeconds }, 'the clock is believed again');
  };
};
