import type { AccountId, Downstream } from '@restante/protocol';
import type { Bus, BusEvent } from '../live/bus.ts';
import { deviceKey } from '../live/device-key.ts';
import type { Session } from './session.ts';

/** The connections of this master: one per device, the newest. Takes from the bus what is for them. */
export type Sessions = {
  /** Ends an older connection of the same device, here or at another master. */
  readonly add: (session: Session) => void;
  /** True when this was still the device's connection. */
  readonly remove: (session: Session) => boolean;
  readonly ofAccount: (account: AccountId) => Session[];
  readonly all: () => Session[];
  readonly size: () => number;
};

const supersede = (session: Session): void =>
  session.end('superseded', 'a newer connection of this device took over');

export const createSessions = (bus: Bus): Sessions => {
  const byDevice = new Map<string, Session>();
  const byAccount = new Map<AccountId, Set<Session>>();

  const remove = (session: Session): boolean => {
    const { accountId } = session.device;
    const ofAccount = byAccount.get(accountId);
    ofAccount?.delete(session);
    if (ofAccount?.size === 0) byAccount.delete(accountId);
    const key = deviceKey(session.device);
    return byDevice.get(key) === session && byDevice.delete(key);
  };

  const toAccount = (account: AccountId, frame: Downstream): void =>
    byAccount.get(account)?.forEach((session) => session.push(frame));

  const onEvent = (event: BusEvent): void => {
    switch (event.kind) {
      case 'to-device':
        byDevice.get(deviceKey(event.to))?.push(event.frame);
        return;
      case 'to-account':
        toAccount(event.to, event.frame);
        return;
      case 'connected': {
        const session = byDevice.get(deviceKey(event.device));
        if (!session || session.connectionId === event.connectionId) return;
        remove(session);
        supersede(session);
        return;
      }
      case 'presence':
      case 'devices-changed':
        return;
      default:
        event satisfies never;
    }
  };
  bus.subscribe(onEvent);

  return {
    add: (session) => {
      // Other connections of this device, here or elsewhere, hear of it and end.
      bus.publish({ kind: 'connected', device: session.device, connectionId: session.connectionId });
      byDevice.set(deviceKey(session.device), session);
      const ofAccount = byAccount.get(session.device.accountId);
      if (ofAccount) ofAccount.add(session);
      else byAccount.set(session.device.accountId, new Set([session]));
    },
    remove,
    ofAccount: (account) => [...(byAccount.get(account) ?? [])],
    all: () => [...byDevice.values()],
    size: () => byDevice.size,
  };
};
