import type { CatchUpProgress, ConnectionState, Messenger, MessengerEvents } from '@restante/client';
import type { DeviceId } from '@restante/protocol';

type Answering = {
  [Name in keyof Messenger]: Messenger[Name] extends (...args: never[]) => Promise<unknown> ? Name : never;
}[keyof Messenger];

/**
 * What a tab may ask of the messenger, wherever it runs: its own methods, and what also concerns the vault. `signOut` and
 * `deleteAccount` leave nothing of the account on this device.
 */
export type Calls = Pick<Messenger, Exclude<Answering, 'start' | 'self' | symbol>> & {
  /** Ends a wait for the next attempt or a refusal, and reads the mailboxes again. */
  readonly refresh: () => Promise<void>;
  readonly setTyping: (...args: Parameters<Messenger['setTyping']>) => Promise<void>;
  /** Opens the storage again after it was `lost` or could not be opened (`failed`). */
  readonly reopen: () => Promise<void>;
};

/** Where the messenger stands, as the leader tells it. */
export type LeaderStatus = {
  /** `lost`: the browser has taken the storage away. `failed`: it cannot be opened. `calls.reopen()` leads out of both. */
  readonly phase: 'starting' | 'signed-out' | 'signed-in' | 'lost' | 'failed';
  /** Why it failed, such as `QuotaExceededError`: the browser's name for it. */
  readonly failure: string | null;
  readonly self: Awaited<ReturnType<Messenger['self']>>;
  readonly connection: ConnectionState;
  readonly catchUp: CatchUpProgress | null;
  /** Whether what comes can be kept. */
  readonly storage: MessengerEvents['storage'];
  /** What failed in the background since the leader began, and is tried again. `last`: the newest one's code. */
  readonly faults: { readonly count: number; readonly last: string | null };
};

/** A device whose storage the browser has wiped. */
export type WipedDevice = { readonly username: string; readonly deviceId: DeviceId };

export type Status = LeaderStatus & {
  /** The browser has promised not to wipe the storage by itself. */
  readonly persistent: boolean;
  /**
   * The browser wiped the storage of this device. Stays after the next login as the same person, so that the lost
   * device can be removed from the account, until that is done or `forgetWiped` is called.
   */
  readonly wiped: WipedDevice | null;
};

export const INITIAL_LEADER_STATUS: LeaderStatus = {
  phase: 'starting',
  failure: null,
  self: null,
  connection: { name: 'offline' },
  catchUp: null,
  storage: 'working',
  faults: { count: 0, last: null },
};

export const INITIAL_STATUS: Status = { ...INITIAL_LEADER_STATUS, persistent: false, wiped: null };
