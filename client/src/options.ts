import { DEFAULT_BACKOFF, type Backoff } from './connection/backoff.ts';
import type { Versions } from '@restante/protocol';
import type { PartStore } from './files/part-store.ts';
import type { Ratchet } from './ratchet/ratchet.ts';
import type { Vault } from './vault/vault.ts';

export type MessengerOptions = {
  /**
   * Origins of servers, the usual one first. Those that a session names are gone to, too, when these are away; the messenger goes back to the
   * usual one once that has been well for a while.
   */
  readonly masters: readonly string[];
  /** The messenger closes it. One vault is for one messenger at a time. */
  readonly vault: Vault;
  readonly ratchet: Ratchet;
  /** Where files are kept; left out: in memory. The messenger closes it. It is for this vault alone. */
  readonly parts?: PartStore;
  /** Milliseconds since 1970 by this machine's clock. */
  readonly now?: () => number;
  /** Milliseconds since any moment, by a clock that nobody sets. */
  readonly monotonic?: () => number;
  /** Fills an array with random bytes. */
  readonly random?: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  readonly fetch?: typeof globalThis.fetch;
  readonly WebSocket?: typeof globalThis.WebSocket;
  /** Of the protocol: what it says and understands. */
  readonly versions?: Versions;
  readonly backoff?: Backoff;
  /** How often the usual server is looked for by who is at another one. */
  readonly returnMs?: number;
  /** A mailbox node that takes longer for a page does not hold back the others. */
  readonly patienceMs?: number;
  /** A mailbox node that takes longer for a page has failed, for now. */
  readonly pageTimeoutMs?: number;
};

/** Delays of a messenger that is told no others. */
export const DEFAULT_PACE = {
  backoff: DEFAULT_BACKOFF,
  returnMs: 10_000,
  patienceMs: 1_500,
  pageTimeoutMs: 10_000,
} satisfies Partial<MessengerOptions>;
