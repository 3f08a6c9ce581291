import { mintMessageId, nextMessageTime, type MessageId } from '@restante/protocol';
import type { Store, Transaction } from './vault/store.ts';
import { ONLY, type Clock } from './vault/tables.ts';

const UNSET: Clock = { offsetMs: 0, lastMessageTimeMs: 0 };

/** Two measurements that differ by less differ by the network's delay. */
const TOLERANCE_MS = 1_000;

export type ServerClock = {
  /** The server's time, as far as it is known. */
  readonly now: () => number;
  /** Takes the offset that was measured last from the vault. */
  readonly load: () => Promise<void>;
  /** Takes note of what the server said the time was, just now. */
  readonly observe: (serverTimeMs: number) => Promise<void>;
  /** Mints a message id; its time is committed with the transaction, so no two ids share a millisecond. */
  readonly mint: (transaction: Transaction) => Promise<MessageId>;
  /** After a refusal for clock skew: the next id starts from the server's time again. */
  readonly rewind: (transaction: Transaction) => Promise<void>;
};

export const serverClock = (
  store: Store,
  now: () => number,
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
): ServerClock => {
  let offsetMs = 0;
  const read = async (transaction: Transaction): Promise<Clock> =>
    (await transaction.get('clock', ONLY)) ?? UNSET;
  const serverNow = (): number => Math.round(now() + offsetMs);

  return {
    now: serverNow,
    load: async () => {
      offsetMs = (await store.get('clock', ONLY))?.offsetMs ?? 0;
    },
    observe: async (serverTimeMs) => {
      const measured = serverTimeMs - now();
      if (Math.abs(measured - offsetMs) < TOLERANCE_MS) return;
      offsetMs = measured;
      await store.transact(async (transaction) =>
        transaction.put('clock', ONLY, { ...(await read(transaction)), offsetMs }),
      );
    },
    mint: async (transaction) => {
      const clock = await read(transaction);
      const timeMs = nextMessageTime(serverNow(), clock.lastMessageTimeMs);
      transaction.put('clock', ONLY, { offsetMs, lastMessageTimeMs: timeMs });
      return mintMessageId(timeMs, random(new Uint8Array(10)));
    },
    rewind: async (transaction) => {
      const clock = await read(transaction);
      const lastMessageTimeMs = Math.min(clock.lastMessageTimeMs, serverNow());
      transaction.put('clock', ONLY, { ...clock, lastMessageTimeMs });
    },
  };
};
