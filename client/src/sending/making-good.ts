import { LIMITS, messageTime, type DeviceAddress } from '@restante/protocol';
import type { DeviceLists } from '../account/device-lists.ts';
import { coalesce } from '../coalesce.ts';
import { backoffDelayMs, type Backoff } from '../connection/backoff.ts';
import { isAway } from '../messenger-error.ts';
import { bundlesOf } from '../server/key-bundles.ts';
import { deviceListOf } from '../server/device-list-of.ts';
import type { MasterApi } from '../server/master-api.ts';
import { addressOf, firstIdAt } from '../vault/keys.ts';
import type { Store } from '../vault/store.ts';
import { MAX_TIMES_MADE_GOOD, sendAgain, type SendAgainDeps } from './send-again.ts';
import type { Sessions } from './sessions.ts';

/**
 * A master that is cut off from the others, or lies, says that it does not have a device which is on the list of its account: what is
 * sent meanwhile goes out without it. Nothing is given up for that (law 1): as long as the device is on the list, and what it lacks could
 * still be in a mailbox, masters are asked for it again, and what was sent without it is sent again when one has it.
 */
export type MakingGood = {
  /** Looks after what is noted, now and from then on, until `signal`. */
  readonly connect: (signal: AbortSignal) => void;
  /** Something has been noted of a device of which nothing was: it does not wait as long as those that have been asked for often. */
  readonly noted: () => void;
  /** A master has told of devices that it has and has not. */
  readonly told: () => void;
};

export type MakingGoodDeps = SendAgainDeps & {
  readonly store: Store;
  readonly sessions: Sessions;
  readonly lists: Pick<DeviceLists, 'learn' | 'noteAbsent'>;
  readonly api: Pick<MasterApi, 'keys' | 'deviceList'>;
  /** Milliseconds since 1970 by this machine's clock. */
  readonly now: () => number;
  readonly backoff: Backoff;
  /** Has a master asked for the own devices. */
  readonly askOwnDevices: () => void;
  /** There is something in the outbox. */
  readonly onQueued: () => void;
  readonly onFault: (error: unknown) => void;
};

const PAGE = 100;
/** A device that is away may be so for weeks. */
const PATIENCE = 20;

export const createMakingGood = (deps: MakingGoodDeps): MakingGood => {
  const { store, device, clock, sessions, lists, api, backoff, onFault } = deps;
  const bounds = { minMs: backoff.minMs, maxMs: PATIENCE * backoff.maxMs };
  let connected = AbortSignal.abort();
  let attempt = 1;
  let mayAsk = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Asks a master whether it has the device, or there is a newer list that has it no more. */
  const ask = async ({ accountId, deviceId }: DeviceAddress): Promise<void> => {
    const { list: listWithKeys, bundles } = await bundlesOf(api, accountId, deviceId);
    const list = listWithKeys ?? (await deviceListOf(api, accountId));
    await store.transact(async (transaction) => {
      await lists.learn(transaction, accountId, list);
      const present = bundles.map((bundle) => bundle.deviceId);
      await lists.noteAbsent(transaction, accountId, { absent: [], present });
      const active = await sessions.activeDevices(transaction, accountId);
      for (const bundle of bundles)
        if (!active.includes(bundle.deviceId)) await sessions.start(transaction, accountId, bundle);
    });
  };

  /** `gone`: it is on the list no more, or what it lacks has expired. */
  const stateOf = async (
    key: string,
    { accountId, deviceId }: DeviceAddress,
  ): Promise<'there' | 'absent' | 'gone'> => {
    const [row, list] = await Promise.all([store.get('leftOut', key), store.get('deviceLists', accountId)]);
    const isListed = list?.devices.some((each) => each.deviceId === deviceId);
    // By both clocks: neither is believed alone (law 15).
    const nowMs = Math.min(deps.now(), clock.now());
    if (row === undefined || !isListed || row.toMs + LIMITS.messageTtlMs < nowMs) return 'gone';
    return list?.absent.includes(deviceId) ? 'absent' : 'there';
  };

  const forget = (key: string): Promise<void> =>
    store.transact((transaction) => transaction.delete('leftOut', key));

  /** One page of what went out without it. Answers whether there may be more. */
  const sendPage = (key: string, { accountId }: DeviceAddress): Promise<boolean> =>
    store.transact(async (transaction) => {
      const row = await transaction.get('leftOut', key);
      if (row === undefined) return false;
      const [after, before] = [firstIdAt(row.fromMs), firstIdAt(row.toMs + 1)];
      const rows = await transaction.list('sentIds', { after, before, limit: PAGE });
      for (const sent of rows) await sendAgain(transaction, deps, accountId, sent.key, MAX_TIMES_MADE_GOOD);
      const last = rows.length < PAGE ? undefined : rows.at(-1);
      if (last === undefined) transaction.delete('leftOut', key);
      else transaction.put('leftOut', key, { ...row, fromMs: messageTime(last.key) });
      return last !== undefined;
    });
  const makeGood = async (key: string, address: DeviceAddress): Promise<void> => {
    while (await sendPage(key, address)) deps.onQueued();
    deps.onQueued();
  };

  /** Answers whether there is nothing left to do for it. */
  const lookAfter = async (key: string, isAsking: boolean): Promise<boolean> => {
    if (connected.aborted) return false;
    const address = addressOf(key);
    if (isAsking && (await stateOf(key, address)) === 'absent') {
      if (address.accountId === device.accountId()) deps.askOwnDevices();
      else await ask(address);
    }
    const state = await stateOf(key, address);
    if (state === 'there') await makeGood(key, address);
    if (state === 'gone') await forget(key);
    return state !== 'absent';
  };

  const round = coalesce(async () => {
    const isAsking = mayAsk;
    mayAsk = false;
    let isDone = true;
    let after = '';
    while (!connected.aborted) {
      const rows = await store.list('leftOut', { after, limit: PAGE });
      for (const { key } of rows) {
        after = key;
        try {
          isDone = (await lookAfter(key, isAsking)) && isDone;
        } catch (error) {
          isDone = false;
          if (!isAway(error)) onFault(error);
        }
      }
      if (rows.length < PAGE) break;
    }
    if (isDone) attempt = 1;
    else later();
  });

  const look = (): void =>
    void round().catch((error: unknown) => {
      onFault(error);
      later();
    });
  const lookAndAsk = (): void => {
    timer = undefined;
    mayAsk = true;
    look();
  };
  const later = (): void => {
    if (connected.aborted || timer !== undefined) return;
    timer = setTimeout(lookAndAsk, backoffDelayMs(bounds, attempt, Math.random()));
    attempt += 1;
  };

  return {
    connect: (signal) => {
      connected = signal;
      attempt = 1;
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        timer = undefined;
      });
      lookAndAsk();
    },
    noted: () => {
      clearTimeout(timer);
      timer = undefined;
      attempt = 1;
      later();
    },
    told: look,
  };
};
