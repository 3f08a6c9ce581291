import { deviceKey, type AccountId, type DeviceAddress, type PresenceDown } from '@restante/protocol';
import type { MasterId } from './bus.ts';

/** What devices, wherever they are connected, show to those who are connected here, by the master that told it. */
export type PresenceState = PresenceDown['state'];

/** What one account is to be told. */
export type PresenceChange = { readonly viewer: AccountId; readonly frame: PresenceDown };

export type Shown = {
  readonly device: DeviceAddress;
  readonly state: PresenceState;
  readonly to: AccountId;
  readonly round: number;
};

type Entry = { readonly master: MasterId; readonly state: PresenceState; readonly round: number };
/** Of one account, by master and device. */
type Entries = Map<string, Entry>;

const RANK: Readonly<Record<PresenceState, number>> = { offline: 0, away: 1, online: 2 };

const best = (entries: Entries | undefined): PresenceState => {
  let found: PresenceState = 'offline';
  for (const { state } of entries?.values() ?? []) if (RANK[state] > RANK[found]) found = state;
  return found;
};

export const createPresenceBoard = () => {
  const viewers = new Map<AccountId, Map<AccountId, Entries>>();

  /** What changes for a viewer by what is done to the entries of one account. */
  const change = (
    viewer: AccountId,
    account: AccountId,
    act: (entries: Entries) => void,
  ): PresenceChange[] => {
    const accounts = viewers.get(viewer) ?? new Map<AccountId, Entries>();
    const entries: Entries = accounts.get(account) ?? new Map<string, Entry>();
    const before = best(entries);
    act(entries);
    if (entries.size > 0) accounts.set(account, entries);
    else accounts.delete(account);
    if (accounts.size > 0) viewers.set(viewer, accounts);
    else viewers.delete(viewer);
    const state = best(entries);
    return state === before ? [] : [{ viewer, frame: { type: 'presence', accountId: account, state } }];
  };

  const remove = (isOver: (entry: Entry) => boolean): PresenceChange[] =>
    [...viewers].flatMap(([viewer, accounts]) =>
      [...accounts.keys()].flatMap((account) =>
        change(viewer, account, (entries) => {
          for (const [key, entry] of entries) if (isOver(entry)) entries.delete(key);
        }),
      ),
    );

  return {
    /** What a master told that one of its devices shows. */
    set: (master: MasterId, { device, state, to, round }: Shown): PresenceChange[] =>
      change(to, device.accountId, (entries) => {
        const key = `${master} ${deviceKey(device)}`;
        if (state === 'offline') entries.delete(key);
        else entries.set(key, { master, state, round });
      }),
    /** A master has told everything in this round: what it has not told since shows itself no more. */
    endRound: (master: MasterId, round: number): PresenceChange[] =>
      remove((entry) => entry.master === master && entry.round < round),
    /** A master is there no more. */
    drop: (master: MasterId): PresenceChange[] => remove((entry) => entry.master === master),
    /** Nobody of an account is here any more. */
    forget: (viewer: AccountId): void => void viewers.delete(viewer),
    /** What is shown to `viewer`. */
    snapshot: (viewer: AccountId): PresenceDown[] =>
      [...(viewers.get(viewer) ?? [])].map(([accountId, entries]) => ({
        type: 'presence',
        accountId,
        state: best(entries),
      })),
    size: (): number => viewers.size,
  };
};
