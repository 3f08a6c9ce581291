import type { SpqrState } from '../spqr/spqr.ts';
import type { DoubleRatchet } from './double-ratchet.ts';

/** One session with one device: the state of both ratchets and what its handshake was. */
export type SessionState = {
  /** 33 bytes each, as in the MAC of every message. */
  readonly localIdentity: Uint8Array;
  readonly remoteIdentity: Uint8Array;
  readonly localRegistrationId: number;
  readonly remoteRegistrationId: number;
  /** The initiator's, 33 bytes: names the session. */
  readonly baseKey: Uint8Array;
  readonly ratchet: DoubleRatchet;
  readonly spqr: SpqrState;
  /** Set from the start by the initiator until the first message of the other side is decrypted. */
  readonly pending: PendingHandshake | null;
};

/** What the other side needs to make this session: goes with every message until one comes back. */
export type PendingHandshake = {
  readonly preKeyId: number | null;
  readonly signedPreKeyId: number;
  readonly kyberPreKeyId: number;
  /** 1569 bytes. */
  readonly kyberCiphertext: Uint8Array;
  readonly createdSeconds: number;
};

const MAX_PENDING_MS = 30 * 24 * 60 * 60 * 1000;

/** Whether nothing came back for more than 30 days, counted from the whole second of the start: nothing is sent then. */
export const isStale = ({ pending }: SessionState, nowMs: number): boolean =>
  pending !== null && pending.createdSeconds * 1000 + MAX_PENDING_MS < nowMs;
