import type { AccountId, DeviceAddress, Downstream } from '@restante/protocol';

/** What masters tell each other. Every event reaches every master, the one that publishes it too. */
export type BusEvent =
  /** A frame for one device, for whichever master has its connection. */
  | { readonly kind: 'to-device'; readonly to: DeviceAddress; readonly frame: Downstream }
  /** For those connected devices of an account that take it from this one. */
  | { readonly kind: 'typing'; readonly from: AccountId; readonly to: AccountId; readonly active: boolean }
  /** A device has a new connection: older ones end. */
  | { readonly kind: 'connected'; readonly device: DeviceAddress; readonly connectionId: string }
  /** Whom a device shows itself to; nobody once it is offline. */
  | {
      readonly kind: 'presence';
      readonly device: DeviceAddress;
      readonly state: 'online' | 'away' | 'offline';
      readonly to: readonly AccountId[];
    }
  /** An account has other devices than before. */
  | { readonly kind: 'devices-changed'; readonly accountId: AccountId };

/**
 * Joins the masters that serve one set of people. Delivery is at most once and in the publisher's order; whatever is
 * lost is found in a mailbox, or was not worth keeping.
 */
export type Bus = {
  readonly publish: (event: BusEvent) => void;
  /** Gives a function that ends the subscription. */
  readonly subscribe: (listener: (event: BusEvent) => void) => () => void;
};

/** What people on different masters do without while their masters have no bus between them. */
export const LOST_WITHOUT_BUS = ['live push', 'receipts', 'typing', 'presence', 'superseded'] as const;

/** The bus of masters in one process: a call. */
export const createLocalBus = (): Bus => {
  const listeners = new Set<(event: BusEvent) => void>();
  return {
    publish: (event) => listeners.forEach((listener) => listener(event)),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};

/** The part of a bus that one master uses: disposal ends its subscriptions. */
export const scopeBus = (bus: Bus): Bus & Disposable => {
  const ends: (() => void)[] = [];
  return {
    publish: bus.publish,
    subscribe: (listener) => {
      const end = bus.subscribe(listener);
      ends.push(end);
      return end;
    },
    [Symbol.dispose]: () => {
      for (const end of ends) end();
    },
  };
};
