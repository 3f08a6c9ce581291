import type { AccountId, DeviceAddress, PresenceDown, TypingDown } from '@restante/protocol';
import type { Bus, BusEvent } from '../live/bus.ts';
import type { Metrics } from '../metrics.ts';
import type { LiveSession } from './session.ts';

/** The connections of this master: one per device, the newest. Takes from the bus what is for them. */
export type Sessions = {
  /** Ends an older connection of the same device, here or at another master. */
  readonly add: (session: LiveSession) => void;
  /** True when this was still the device's connection. */
  readonly remove: (session: LiveSession) => boolean;
  readonly ofAccount: (account: AccountId) => readonly LiveSession[];
  readonly ofDevice: (device: DeviceAddress) => LiveSession | undefined;
  /** Told of each account whose last connection here has ended. */
  readonly onLastLeft: (listener: (account: AccountId) => void) => void;
  /** Pushes what an account shows to the connections of another that take it from there. */
  readonly signal: (to: AccountId, frame: TypingDown | PresenceDown) => void;
  readonly all: () => LiveSession[];
};

const supersede = (session: LiveSession): void =>
  session.end('superseded', 'a newer connection of this device took over');

/** `withheld`: counts what a device does not take. */
export const createSessions = (bus: Bus, withheld: Metrics['signalsWithheld']): Sessions => {
  const byAccount = new Map<AccountId, readonly LiveSession[]>();
  const lastLeft: ((account: AccountId) => void)[] = [];

  const ofAccount = (account: AccountId): readonly LiveSession[] => byAccount.get(account) ?? [];
  const ofDevice = ({ accountId, deviceId }: DeviceAddress): LiveSession | undefined =>
    ofAccount(accountId).find(({ device }) => device.deviceId === deviceId);

  const remove = (session: LiveSession): boolean => {
    const { accountId } = session.device;
    const before = ofAccount(accountId);
    const others = before.filter((other) => other !== session);
    const wasHere = others.length < before.length;
    if (others.length > 0) byAccount.set(accountId, others);
    else if (byAccount.delete(accountId)) for (const listener of lastLeft) listener(accountId);
    if (wasHere) bus.unfollow(accountId);
    return wasHere;
  };

  const signal: Sessions['signal'] = (to, frame) => {
    const { accountId: from } = frame;
    for (const session of ofAccount(to)) {
      if (from === to || session.takesFrom.has(from)) session.push(frame);
      else withheld.inc({ type: frame.type });
    }
  };

  const onEvent = (event: BusEvent): void => {
    switch (event.kind) {
      case 'to-device':
        ofDevice(event.to)?.push(event.frame);
        return;
      case 'typing':
        signal(event.to, { type: 'typing', accountId: event.from, active: event.active });
        return;
      case 'connected': {
        const session = ofDevice(event.device);
        if (!session || session.connectionId === event.connectionId) return;
        remove(session);
        supersede(session);
        return;
      }
      case 'presence':
      case 'presence-wanted':
      case 'presence-lost':
      case 'presence-told':
      case 'devices-changed':
      case 'rendezvous-asked':
      case 'rendezvous-answered':
        return;
      default:
        event satisfies never;
    }
  };
  bus.subscribe(onEvent);

  return {
    add: (session) => {
      const { accountId } = session.device;
      // Before others hear of it: what they push then comes here.
      bus.follow(accountId);
      // Other connections of this device, here or elsewhere, hear of it and end.
      bus.publish({ kind: 'connected', device: session.device, connectionId: session.connectionId });
      byAccount.set(accountId, [...ofAccount(accountId), session]);
    },
    remove,
    ofAccount,
    ofDevice,
    onLastLeft: (listener) => void lastLeft.push(listener),
    signal,
    all: () => [...byAccount.values()].flat(),
  };
};
