import type { AccountId, DeviceAddress, Downstream } from '@restante/protocol';
import type { Bus, BusEvent } from '../live/bus.ts';
import type { Session } from './session.ts';

/** The connections of this master: one per device, the newest. Takes from the bus what is for them. */
export type Sessions = {
  /** Ends an older connection of the same device, here or at another master. */
  readonly add: (session: Session) => void;
  /** True when this was still the device's connection. */
  readonly remove: (session: Session) => boolean;
  readonly ofAccount: (account: AccountId) => readonly Session[];
  readonly all: () => Session[];
};

const supersede = (session: Session): void =>
  session.end('superseded', 'a newer connection of this device took over');

export const createSessions = (bus: Bus): Sessions => {
  const byAccount = new Map<AccountId, readonly Session[]>();

  const ofAccount = (account: AccountId): readonly Session[] => byAccount.get(account) ?? [];
  const ofDevice = ({ accountId, deviceId }: DeviceAddress): Session | undefined =>
    ofAccount(accountId).find(({ device }) => device.deviceId === deviceId);

  const remove = (session: Session): boolean => {
    const { accountId } = session.device;
    const before = ofAccount(accountId);
    const others = before.filter((other) => other !== session);
    if (others.length === 0) byAccount.delete(accountId);
    else byAccount.set(accountId, others);
    return others.length < before.length;
  };

  const toAccount = (account: AccountId, frame: Downstream): void =>
    ofAccount(account).forEach((session) => session.push(frame));

  const onEvent = (event: BusEvent): void => {
    switch (event.kind) {
      case 'to-device':
        ofDevice(event.to)?.push(event.frame);
        return;
      case 'to-account':
        toAccount(event.to, event.frame);
        return;
      case 'connected': {
        const session = ofDevice(event.device);
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
      const { accountId } = session.device;
      byAccount.set(accountId, [...ofAccount(accountId), session]);
    },
    remove,
    ofAccount,
    all: () => [...byAccount.values()].flat(),
  };
};
