import type { Store, Transaction } from './store.ts';
import { ONLY, type SettledTime } from './tables.ts';

/**
 * Nothing is destroyed on one reading of a clock (law 15). What is old is forgotten by a time that is settled: one that
 * this machine's clock and the server's had both reached, and that has been left behind by another reading, a week
 * later, with no earlier one in between. So a step forward, of whatever length, destroys nothing, and when it is put
 * right within a week it leaves nothing behind; a step backward takes effect at once.
 */

const DAY_MS = 24 * 60 * 60 * 1000;
const SETTLING_MS = 7 * DAY_MS;
/** Two clocks that differ by more are not both right. */
const MAX_DIFFERENCE_MS = DAY_MS;

const afterReading = (before: SettledTime | undefined, readingMs: number): SettledTime => {
  if (before === undefined) return { settledMs: 0, readingMs };
  if (readingMs < before.readingMs) return { settledMs: Math.min(before.settledMs, readingMs), readingMs };
  const isSettled = readingMs >= before.readingMs + SETTLING_MS;
  return isSettled ? { settledMs: before.readingMs, readingMs } : before;
};

/** What is kept of the readings so far. */
export const readSettledTime = async (reader: Pick<Transaction, 'get'>): Promise<SettledTime> =>
  (await reader.get('settledTime', ONLY)) ?? { settledMs: 0, readingMs: 0 };

/** Takes a reading of both clocks; answers with the settled time, 1970 when there is none yet. */
export const settleTime = (store: Store, machineMs: number, serverMs: number): Promise<number> =>
  store.transact(async (transaction) => {
    const before = await transaction.get('settledTime', ONLY);
    const after = afterReading(before, Math.min(machineMs, serverMs));
    if (after !== before) transaction.put('settledTime', ONLY, after);
    return after.settledMs;
  });

/** Whether one of the two clocks is certainly wrong. */
export const areFarApart = (machineMs: number, serverMs: number): boolean =>
  Math.abs(machineMs - serverMs) > MAX_DIFFERENCE_MS;
