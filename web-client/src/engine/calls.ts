import type { CatchUpProgress, ConnectionState, Messenger } from '@restante/client';

type Answering = {
  [Name in keyof Messenger]: Messenger[Name] extends (...args: never[]) => Promise<unknown> ? Name : never;
}[keyof Messenger];

/** What a tab may ask of the messenger, wherever it runs: its own methods, and what also concerns the vault. */
export type Calls = Pick<Messenger, Exclude<Answering, 'start' | 'self' | symbol>> & {
  /** Ends a wait for the next attempt, and reads the mailboxes again. */
  readonly refresh: () => Promise<void>;
  readonly setTyping: (...args: Parameters<Messenger['setTyping']>) => Promise<void>;
};

/** Where the messenger stands. `phase` `lost`: the browser has taken the storage away; `failed`: it cannot be opened. */
export type Status = {
  readonly phase: 'starting' | 'signed-out' | 'signed-in' | 'lost' | 'failed';
  readonly self: Awaited<ReturnType<Messenger['self']>>;
  readonly connection: ConnectionState;
  readonly catchUp: CatchUpProgress | null;
};

export const INITIAL_STATUS: Status = {
  phase: 'starting',
  self: null,
  connection: { name: 'offline' },
  catchUp: null,
};
