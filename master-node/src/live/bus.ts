import type { AccountId, DeviceAddress, Downstream, RendezvousId, RendezvousSlot } from '@restante/protocol';

/** Names one run of a master. */
export type MasterId = string;

/** Where a master hears what it has asked others. A UUID. */
export type Inbox = string & { readonly names?: 'inbox' };

/** Whom an event is for, where not all hear of it. */
export type Addressee = AccountId | RendezvousId | Inbox;

/** What is asked of a rendezvous: to read a slot (null), or to write it. */
export type RendezvousQuestion = { readonly slot: RendezvousSlot; readonly sealed: string | null };

/** `sealed`: what is in the slot, or null. */
export type RendezvousAnswer =
  | { readonly is: 'read'; readonly sealed: string | null }
  | { readonly is: 'written' | 'slot-taken' | 'not-found' };

/** What masters tell each other. */
export type BusEvent =
  /** A frame for one device, for whichever master has its connection. */
  | { readonly kind: 'to-device'; readonly to: DeviceAddress; readonly frame: Downstream }
  /** For those connected devices of an account that take it from this one. */
  | { readonly kind: 'typing'; readonly from: AccountId; readonly to: AccountId; readonly active: boolean }
  /** What a device shows one account. `round`: how often its master has begun to tell everything again. */
  | {
      readonly kind: 'presence';
      readonly device: DeviceAddress;
      readonly state: 'online' | 'away' | 'offline';
      readonly to: AccountId;
      readonly round: number;
    }
  /** Whoever has devices of this account tells what they show that one. */
  | { readonly kind: 'presence-wanted'; readonly of: AccountId; readonly by: AccountId }
  /** Something that this master told may have been lost: it tells again what its devices show. */
  | { readonly kind: 'presence-lost'; readonly of: MasterId }
  /** Everything that the devices of the sender show has been told in this round, or a later one. */
  | { readonly kind: 'presence-told'; readonly round: number }
  /** A device has a new connection: older ones end. */
  | { readonly kind: 'connected'; readonly device: DeviceAddress; readonly connectionId: string }
  /** An account has other devices than before. */
  | { readonly kind: 'devices-changed'; readonly accountId: AccountId }
  /** Of the master that has opened it. `number`: of the question, in `inbox`. */
  | {
      readonly kind: 'rendezvous-asked';
      readonly rendezvous: RendezvousId;
      readonly question: RendezvousQuestion;
      readonly inbox: Inbox;
      readonly number: number;
    }
  | {
      readonly kind: 'rendezvous-answered';
      readonly inbox: Inbox;
      readonly number: number;
      readonly answer: RendezvousAnswer;
    };

export const BUS_EVENTS = [
  'to-device',
  'typing',
  'presence',
  'presence-wanted',
  'presence-lost',
  'presence-told',
  'connected',
  'devices-changed',
  'rendezvous-asked',
  'rendezvous-answered',
] as const satisfies readonly BusEvent['kind'][];

/**
 * Whom an event is for: other masters hear of it as long as they follow that. Null: all hear of it. Who connects is
 * such an event, for everybody may have just pushed something to that device.
 */
export const addresseeOf = (event: BusEvent): Addressee | null => {
  switch (event.kind) {
    case 'to-device':
      return event.to.accountId;
    case 'typing':
    case 'presence':
      return event.to;
    case 'presence-wanted':
      return event.of;
    case 'rendezvous-asked':
      return event.rendezvous;
    case 'rendezvous-answered':
      return event.inbox;
    case 'presence-lost':
    case 'presence-told':
    case 'connected':
    case 'devices-changed':
      return null;
  }
};

/**
 * `gap`: something that another master told may not have come. `gone`: another master is there no more, and what its devices showed
 * has ended.
 */
export type Missed = { readonly kind: 'gap' | 'gone'; readonly master: MasterId };

export type BusState = {
  readonly kind: 'in-process' | 'nats';
  /** Whether others can be told anything now. */
  readonly up: boolean;
  /** Other masters that are there. */
  readonly peers: number;
};

/**
 * Joins the masters that serve one set of people; each has an end of its own. The own master hears what it tells before `publish`
 * returns. Delivery is at most once and in the publisher's order; whatever is lost is told of as a gap, and is found in a mailbox, asked
 * for again, or was not worth keeping.
 */
export type Bus = AsyncDisposable & {
  readonly self: MasterId;
  readonly publish: (event: BusEvent) => void;
  readonly subscribe: (listener: (event: BusEvent, from: MasterId) => void) => void;
  readonly onMissed: (listener: (missed: Missed) => void) => void;
  /** From now on what others tell this one is heard here, until it is unfollowed as often as it was followed. */
  readonly follow: (addressee: Addressee) => void;
  readonly unfollow: (addressee: Addressee) => void;
  /** How much later than here another master may hear of something, as long as the bus is well. */
  readonly latenessMs: number;
  readonly state: () => BusState;
};
