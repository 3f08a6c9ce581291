import type {
  CatchUpProgress,
  ConnectionState,
  ConversationId,
  FilesOptions,
  GivenFile,
  Message,
  MessageReference,
  Messenger,
  MessengerEvents,
  PassphraseChange,
} from '@restante/client';
import type { DeviceId } from '@restante/protocol';

/** A file that a person has chosen. */
export type PickedFile = Omit<GivenFile, 'read' | 'size'> & { readonly content: Blob };

type Answering = {
  [Name in keyof Messenger]: Messenger[Name] extends (...args: never[]) => Promise<unknown> ? Name : never;
}[keyof Messenger];

/**
 * What a tab may ask of the messenger, wherever it runs: its own methods, and what also concerns the vault. `signOut` and
 * `deleteAccount` leave nothing of the account on this device.
 */
export type Calls = Pick<
  Messenger,
  Exclude<Answering, 'start' | 'self' | 'sendFiles' | 'openFile' | symbol>
> & {
  /** Resolves when all of it is kept on this device, and sends it when it can. */
  readonly sendFiles: (
    to: string,
    files: readonly PickedFile[],
    options?: Omit<FilesOptions, 'signal' | 'onProgress'>,
  ) => Promise<Message>;
  /** All of a file, from this device or the nodes; `download` events tell how far that is. It is not in memory, and of no type. */
  readonly readFile: (conversation: ConversationId, target: MessageReference, index: number) => Promise<Blob>;
  /**
   * Bytes of a file from `from` on, as many as come with one part of it, less than 1 MiB; none at its end and behind it. What was fetched stays
   * on this device.
   */
  readonly readPiece: (
    conversation: ConversationId,
    target: MessageReference,
    index: number,
    from: number,
  ) => Promise<Blob>;
  /** Ends a wait for the next attempt or a refusal, and reads the mailboxes again. */
  readonly refresh: () => Promise<void>;
  readonly setTyping: (...args: Parameters<Messenger['setTyping']>) => Promise<void>;
  /** Opens the storage again after it was `lost` or could not be opened (`failed`). */
  readonly reopen: () => Promise<void>;
  /** Opens the storage that is `locked`. Throws `wrong-passphrase`. */
  readonly unlock: (passphrase: string) => Promise<void>;
  /** Closes the storage, and forgets what opens it. Without a passphrase nothing happens. */
  readonly lock: () => Promise<void>;
  /** All that is stored is encrypted anew meanwhile. Throws `wrong-passphrase`. */
  readonly changePassphrase: (change: PassphraseChange) => Promise<void>;
  /** Deletes what is stored here without having opened it. The device stays in the list of the account. */
  readonly abandonStorage: () => Promise<void>;
};

/** Where the messenger stands, as the leader tells it. */
export type LeaderStatus = {
  /**
   * `lost`: the browser has taken the storage away. `failed`: it cannot be opened. `calls.reopen()` leads out of both.
   * `locked`: it takes a passphrase, which `calls.unlock()` is given.
   */
  readonly phase: 'starting' | 'signed-out' | 'signed-in' | 'locked' | 'lost' | 'failed';
  /** Why it failed: the messenger's code for it, or the browser's name, such as `QuotaExceededError`. */
  readonly failure: string | null;
  /** What is stored here takes a passphrase. */
  readonly hasPassphrase: boolean;
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
  hasPassphrase: false,
  self: null,
  connection: { name: 'offline' },
  catchUp: null,
  storage: 'working',
  faults: { count: 0, last: null },
};

export const INITIAL_STATUS: Status = { ...INITIAL_LEADER_STATUS, persistent: false, wiped: null };
