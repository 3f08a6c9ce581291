import { coalesce } from '../coalesce.ts';
import type { ConfirmedTime } from '../server/confirmed-time.ts';
import type { ServerClock } from '../server/clock.ts';
import { expiryKeyAt, expiryOfKey, expiryPrefix } from '../vault/expiry-index.ts';
import type { Store, Transaction } from '../vault/store.ts';
import type { Row } from '../vault/vault.ts';
import type { Messages } from './messages.ts';

/**
 * Lets messages disappear whose time is over. That cannot be undone, so it is not done on one clock's word (law 15): by the server's
 * clock, as far as it is known, a message is put away, which nobody is shown; by the confirmed time it is gone. When a clock was wrong, what was
 * put away comes back.
 */
export type Expiring = {
  /** Looks now; resolves when all that is over is gone or put away. */
  readonly look: () => Promise<void>;
  /** A message disappears at this time: looks then. */
  readonly expect: (expiresAt: number) => void;
  readonly stop: () => void;
};

export type ExpiringDeps = {
  readonly store: Store;
  readonly clock: Pick<ServerClock, 'now'>;
  readonly confirmed: Pick<ConfirmedTime, 'now' | 'keep'>;
  readonly messages: Pick<Messages, 'find' | 'remove' | 'putAway' | 'bringBack' | 'forgetPutAway'>;
  readonly onFault: (error: unknown) => void;
};

const PAGE = 100;
/** Clocks are set, and machines sleep: looks that often at least while anything is to disappear. */
const LOOK_EVERY_MS = 60_000;
/** While anything is put away, at least: whether it is certain by now. */
const LOOK_AGAIN_MS = 5_000;
/** Two that disappear in the same moment cost one look. */
const LEAST_MS = 20;

type Expiry = Row<string>;

export const createExpiring = (deps: ExpiringDeps): Expiring => {
  const { store, clock, confirmed, messages } = deps;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looksAt = Infinity;
  /** The earliest that was told while it looked. */
  let expected = Infinity;
  let isStopped = false;

  const shownOver = async (
    transaction: Transaction,
    { key, value: name }: Expiry,
    passedMs: number,
  ): Promise<void> => {
    transaction.delete('expiries', key);
    const messageKey = await transaction.get('messageKeys', name);
    const message = messageKey && (await transaction.get('messages', messageKey));
    if (!messageKey || !message || message.expiresAt !== expiryOfKey(key)) return;
    const row = { key: messageKey, message };
    const author = name.slice(0, name.indexOf(':'));
    if (message.expiresAt <= passedMs) await messages.remove(transaction, row, author);
    else await messages.putAway(transaction, row, author);
  };

  const awayOver = async (transaction: Transaction, { key, value: name }: Expiry): Promise<void> => {
    transaction.delete('expiries', key);
    const messageKey = await transaction.get('messageKeys', name);
    if (messageKey !== undefined) await messages.forgetPutAway(transaction, messageKey);
  };

  const comeBack = async (transaction: Transaction, { key, value: name }: Expiry): Promise<void> => {
    transaction.delete('expiries', key);
    const messageKey = await transaction.get('messageKeys', name);
    if (messageKey !== undefined)
      await messages.bringBack(transaction, messageKey, name.slice(0, name.indexOf(':')));
  };

  /** Works through a part of the index, a page in each transaction. */
  const eachOf = async (
    range: { readonly prefix: string; readonly after?: string; readonly before?: string },
    work: (transaction: Transaction, row: Expiry) => Promise<void>,
  ): Promise<void> => {
    for (;;) {
      if (isStopped) return;
      const rows = await store.list('expiries', { ...range, limit: PAGE });
      if (rows.length > 0)
        await store.transact(async (transaction) => {
          confirmed.keep(transaction);
          for (const row of rows) await work(transaction, row);
        });
      if (rows.length < PAGE) return;
    }
  };

  const arm = (atMs: number, nowMs: number): void => {
    clearTimeout(timer);
    looksAt = atMs;
    if (atMs === Infinity || isStopped) return;
    timer = setTimeout(
      () => void look().catch(deps.onFault),
      Math.min(LOOK_EVERY_MS, Math.max(LEAST_MS, atMs - nowMs)),
    );
  };

  const look = coalesce(async () => {
    if (isStopped) return;
    expected = Infinity;
    try {
      const nowMs = clock.now();
      const passedMs = confirmed.now();
      const [shown, away] = [expiryPrefix('shown'), expiryPrefix('away')];
      await eachOf({ prefix: away, before: expiryKeyAt('away', passedMs + 1) }, awayOver);
      await eachOf({ prefix: away, after: expiryKeyAt('away', nowMs + 1) }, comeBack);
      await eachOf(
        { prefix: shown, before: expiryKeyAt('shown', Math.max(nowMs, passedMs) + 1) },
        (transaction, row) => shownOver(transaction, row, passedMs),
      );
      const [next] = await store.list('expiries', { prefix: shown, limit: 1 });
      const [doubted] = await store.list('expiries', { prefix: away, limit: 1 });
      if (next ?? doubted) await store.transact(confirmed.keep);
      const nextMs = next === undefined ? Infinity : expiryOfKey(next.key);
      const surelyInMs = doubted === undefined ? Infinity : expiryOfKey(doubted.key) - passedMs;
      const againMs = nowMs + (doubted === undefined ? Infinity : Math.min(LOOK_AGAIN_MS, surelyInMs));
      arm(Math.min(nextMs, againMs, expected), nowMs);
    } catch (error) {
      arm(clock.now() + LOOK_AGAIN_MS, clock.now());
      throw error;
    }
  });

  return {
    look,
    expect: (expiresAt) => {
      expected = Math.min(expected, expiresAt);
      if (expiresAt < looksAt) arm(expiresAt, clock.now());
    },
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
};
