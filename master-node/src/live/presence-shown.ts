import { deviceKey, type AccountId, type DeviceAddress } from '@restante/protocol';
import { createPacedRound } from '../paced-round.ts';
import type { BusEvent } from './bus.ts';

/** What the devices that are connected here show, each to at most as many accounts as the protocol allows. */
export type PresenceShown = Disposable & {
  /** Replaces what a device shows; tells whoever that changes something for. */
  readonly set: (device: DeviceAddress, state: 'online' | 'away', to: readonly AccountId[]) => void;
  /** A device shows itself to nobody any more. */
  readonly leave: (device: DeviceAddress) => void;
  /** Tells one account what the devices of another show it. */
  readonly tell: (viewer: AccountId, of: AccountId) => void;
  /** Tells everything again, some at a time, and that this was everything. */
  readonly tellAgain: () => void;
};

type Shown = {
  readonly device: DeviceAddress;
  readonly state: 'online' | 'away';
  readonly to: ReadonlySet<AccountId>;
};

const EVENTS_AT_A_TIME = 1000;
const EVERY_MS = 100;

export const createPresenceShown = (publish: (event: BusEvent) => void): PresenceShown => {
  const shown = new Map<string, Shown>();
  const byAccount = new Map<AccountId, Set<string>>();
  let round = 0;

  const tellOne = (device: DeviceAddress, state: Shown['state'] | 'offline', to: AccountId): void =>
    publish({ kind: 'presence', device, state, to, round });

  const again = createPacedRound<string>({
    all: () => shown.keys(),
    act: (key) => {
      const one = shown.get(key);
      if (one === undefined) return 0;
      for (const viewer of one.to) tellOne(one.device, one.state, viewer);
      return one.to.size;
    },
    onEnd: () => publish({ kind: 'presence-told', round }),
    share: EVENTS_AT_A_TIME,
    everyMs: EVERY_MS,
  });

  const replace = (device: DeviceAddress, next: Shown | null): void => {
    const key = deviceKey(device);
    const { accountId } = device;
    const former = shown.get(key);
    const keys = byAccount.get(accountId) ?? new Set<string>();
    if (next === null) {
      shown.delete(key);
      keys.delete(key);
    } else {
      shown.set(key, next);
      keys.add(key);
    }
    if (keys.size === 0) byAccount.delete(accountId);
    else byAccount.set(accountId, keys);
    for (const viewer of former?.to ?? []) {
      if (next?.to.has(viewer) !== true) tellOne(device, 'offline', viewer);
    }
    for (const viewer of next?.to ?? []) {
      if (former?.state !== next?.state || former?.to.has(viewer) !== true)
        tellOne(device, next?.state ?? 'offline', viewer);
    }
  };

  return {
    set: (device, state, to) => replace(device, to.length === 0 ? null : { device, state, to: new Set(to) }),
    leave: (device) => replace(device, null),
    tell: (viewer, of) => {
      for (const key of byAccount.get(of) ?? []) {
        const one = shown.get(key);
        if (one?.to.has(viewer) === true) tellOne(one.device, one.state, viewer);
      }
    },
    tellAgain: () => {
      round += 1;
      again.begin();
    },
    [Symbol.dispose]: () => again[Symbol.dispose](),
  };
};
