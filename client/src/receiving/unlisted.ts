import { messageTime, type AccountId, type Envelope } from '@restante/protocol';
import { speakerOf, type DeviceLists } from '../account/device-lists.ts';
import { coalesce } from '../coalesce.ts';
import { backoffDelayMs, type Backoff } from '../connection/backoff.ts';
import { isAway } from '../messenger-error.ts';
import { pause } from '../pause.ts';
import { deviceListOf } from '../server/device-list-of.ts';
import type { MasterApi } from '../server/master-api.ts';
import type { Store } from '../vault/store.ts';

/**
 * What has come of devices that are not on the list of their account, as far as it is known here. It stays in the mailbox, and is taken
 * when a newer list has the device; a device that is on no list is heard by nobody (law 12). So a reader with an older list loses nothing.
 */
export type Unlisted = {
  /** Asks for the lists of those whose devices are on none, and waits for that a while: what they sent is then taken in its order. */
  readonly prepare: (envelopes: readonly Envelope[]) => Promise<void>;
  /** Asks for the list of an account, of which there is a newer one. */
  readonly ask: (account: AccountId) => void;
  readonly hold: (envelopes: readonly Envelope[]) => void;
  /** Lists are asked for from now on, until `signal`. */
  readonly connect: (signal: AbortSignal) => void;
  /** Whether all lists have been told, and what is heard by them is taken. */
  readonly isIdle: () => boolean;
};

/** What is beyond is read from the mailbox again (law 10). */
const MAX_HELD = 500;
/** Lists that are asked for before a batch is taken. */
const MAX_AT_ONCE = 20;

type Held = { readonly generation: number; readonly envelopes: Envelope[] };

export type UnlistedDeps = {
  readonly store: Store;
  readonly api: Pick<MasterApi, 'deviceList'>;
  readonly lists: Pick<DeviceLists, 'learn'>;
  readonly take: (envelopes: readonly Envelope[]) => Promise<unknown>;
  /** Reads the mailboxes again. */
  readonly readAgain: () => void;
  /** Is told when all lists have been told and what is heard by them is taken. */
  readonly onIdle: () => void;
  readonly backoff: Backoff;
  readonly patienceMs: number;
  readonly onFault: (error: unknown) => void;
};

export const createUnlisted = (deps: UnlistedDeps): Unlisted => {
  const { store, api, lists, take, readAgain, onIdle, backoff, patienceMs, onFault } = deps;
  const held = new Map<AccountId, Held>();
  let count = 0;
  let isCut = false;
  /** Batches that are being held, and lists that are being asked for. */
  let atWork = 0;
  let connected = AbortSignal.abort();

  const generationOf = async (account: AccountId): Promise<number> =>
    (await store.get('deviceLists', account))?.generation ?? 0;

  const learn = async (account: AccountId): Promise<void> => {
    const list = await deviceListOf(api, account);
    await store.transact((transaction) => lists.learn(transaction, account, list));
  };
  const ask = async (account: AccountId): Promise<void> => {
    await learn(account);
    const { generation, envelopes } = held.get(account) ?? { generation: 0, envelopes: [] };
    held.delete(account);
    count -= envelopes.length;
    if ((await generationOf(account)) <= generation) return;
    try {
      await take(envelopes);
    } catch (error) {
      // They are still in the mailboxes.
      isCut = true;
      throw error;
    } finally {
      if (isCut) readAgain();
      isCut = false;
    }
  };

  const isIdle = (): boolean => held.size === 0 && atWork === 0;
  const working = async (work: () => Promise<void>): Promise<void> => {
    atWork += 1;
    try {
      await work();
    } finally {
      atWork -= 1;
    }
  };

  const run = coalesce(async () => {
    const wasIdle = isIdle();
    for (let attempt = 1; held.size > 0 && !connected.aborted;) {
      const [account = ''] = held.keys();
      try {
        await working(() => ask(account));
        attempt = 1;
      } catch (error) {
        if (!isAway(error)) onFault(error);
        await pause(backoffDelayMs(backoff, attempt, Math.random()), connected);
        attempt += 1;
      }
    }
    if (!wasIdle && isIdle()) onIdle();
  });
  const start = (): void => void run().catch(onFault);

  const holdOf = async (account: AccountId, envelopes: readonly Envelope[]): Promise<void> => {
    const generation = await generationOf(account);
    const known = held.get(account) ?? { generation, envelopes: [] };
    for (const envelope of envelopes) {
      if (count >= MAX_HELD) isCut = true;
      else {
        known.envelopes.push(envelope);
        count += 1;
      }
    }
    held.set(account, known);
  };

  return {
    prepare: async (envelopes) => {
      if (connected.aborted) return;
      const accounts = [...new Set(envelopes.map(({ senderId }) => senderId))];
      const known = await store.getMany('deviceLists', accounts);
      const isHeard = ({ senderId, senderDeviceId, id }: Envelope): boolean => {
        const speaker = speakerOf(known[accounts.indexOf(senderId)], senderDeviceId);
        return speaker !== null && messageTime(id) <= speaker.until;
      };
      const unlisted = envelopes.filter((envelope) => !isHeard(envelope));
      const unknown = new Set(unlisted.map(({ senderId }) => senderId));
      if (unknown.size === 0) return;
      // Who is not answered for by then is held.
      const asked = Promise.all([...unknown].slice(0, MAX_AT_ONCE).map((account) => learn(account)));
      await Promise.race([asked.catch(() => undefined), pause(patienceMs, connected)]);
    },
    ask: (account) => {
      if (held.has(account)) return;
      held.set(account, { generation: Infinity, envelopes: [] });
      start();
    },
    hold: (envelopes) => {
      const bySender = [...Map.groupBy(envelopes, ({ senderId }) => senderId)];
      const held = working(async () => {
        for (const [account, theirs] of bySender) await holdOf(account, theirs);
      });
      held.then(start, onFault);
    },
    connect: (signal) => {
      connected = signal;
      start();
    },
    isIdle,
  };
};
