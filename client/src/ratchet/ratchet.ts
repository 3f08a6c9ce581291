import type { DeviceAddress, DeviceKeys, EnvelopeType, KeyBundle } from '@restante/protocol';
import type { LocalIdentity, SessionRow } from '../vault/tables.ts';

/**
 * The Signal Protocol between devices, without input or output: every call gets the state it needs and answers
 * with the state that follows, so that it can run in a worker and all its effects can be committed in one
 * transaction. A refused message changes nothing. Errors never carry keys or plaintext.
 */

/** Ratchet state with one device. */
export type RatchetSession = Pick<SessionRow, 'record' | 'registrationId' | 'identityKey'>;

/** Ids of the keys that are replaced from time to time. */
export type SignedKeyIds = { readonly signedPreKeyId: number; readonly lastResortKyberPreKeyId: number };

export type CreatedSignedKeys = {
  readonly keys: Pick<DeviceKeys, 'signedPreKey' | 'lastResortKyberPreKey'>;
  readonly signedPreKeyRecord: Uint8Array;
  readonly lastResortKyberPreKeyRecord: Uint8Array;
};

export type CreatedKeys = CreatedSignedKeys & {
  readonly identity: LocalIdentity;
  /** What a new device uploads, without one-time keys. */
  readonly keys: Omit<DeviceKeys, 'preKeys' | 'kyberPreKeys'>;
};

/** How many one-time keys of each kind to make, with ids from `first` on. */
export type OneTimeKeyCounts = {
  readonly first: number;
  readonly preKeys: number;
  readonly kyberPreKeys: number;
};

/** One-time keys; private records in the order of the public keys. */
export type CreatedPreKeys = Pick<DeviceKeys, 'preKeys' | 'kyberPreKeys'> & {
  readonly preKeyRecords: readonly Uint8Array[];
  readonly kyberPreKeyRecords: readonly Uint8Array[];
};

/** Both ends of a session. */
export type Parties = {
  readonly identity: LocalIdentity;
  readonly local: DeviceAddress;
  readonly remote: DeviceAddress;
  /** Base64 of the identity key that the other end must have: what is made with another one is refused. */
  readonly remoteKey: string;
};

/** The keys that a pre-key message was made with. */
export type NeededKeys = {
  readonly preKeyId: number | null;
  readonly signedPreKeyId: number;
  readonly kyberPreKeyId: number;
  /** Base64: with the ids it names the handshake. */
  readonly baseKey: string;
};

/** Private records by key id, as far as the vault still has them. */
export type AvailableKeys = {
  readonly preKeys: ReadonlyMap<number, Uint8Array>;
  readonly signedPreKeys: ReadonlyMap<number, Uint8Array>;
  readonly kyberPreKeys: ReadonlyMap<number, Uint8Array>;
  /** Handshakes ({@link handshakeKey}) that must not start a session again. */
  readonly usedHandshakes: ReadonlySet<string>;
};

export type Ciphertext = { readonly type: EnvelopeType; readonly payload: Uint8Array };

/**
 * `duplicate`: the key for this place in a session has been used, by this message or, when the sender's vault was put
 * back or copied, by another one. `other-key`: made with another identity key than the one that it must be. `undecryptable`: anything else.
 */
export type Unread = { readonly ok: false; readonly reason: 'duplicate' | 'other-key' | 'undecryptable' };

export type DecryptResult =
  | {
      readonly ok: true;
      readonly plaintext: Uint8Array;
      /** The handshake that this message completed: its one-time keys are used up. */
      readonly used: NeededKeys | null;
    }
  | Unread;

export type Ratchet = {
  /** A new device's long-term keys. */
  readonly createKeys: (ids: SignedKeyIds, nowMs: number) => Promise<CreatedKeys>;
  /** New signed keys of a device, to replace those it has. */
  readonly createSignedKeys: (
    identity: LocalIdentity,
    ids: SignedKeyIds,
    nowMs: number,
  ) => Promise<CreatedSignedKeys>;
  readonly createPreKeys: (
    identity: LocalIdentity,
    counts: OneTimeKeyCounts,
    nowMs: number,
  ) => Promise<CreatedPreKeys>;
  /** Starts a session from a bundle; what `session` held is archived. Throws when a signature is wrong. */
  readonly startSession: (
    parties: Parties,
    session: RatchetSession | null,
    bundle: KeyBundle,
    nowMs: number,
  ) => Promise<RatchetSession>;
  /** Null: the session cannot send any more, start a new one. */
  readonly encrypt: (
    parties: Parties,
    session: RatchetSession,
    plaintext: Uint8Array,
    nowMs: number,
  ) => Promise<(Ciphertext & { readonly session: RatchetSession }) | null>;
  /** Which keys a message wants; null when it wants none or is not readable. */
  readonly neededKeys: (message: Ciphertext) => Promise<NeededKeys | null>;
  /** Decrypts each message of one device in turn: one result each. */
  readonly decrypt: (
    parties: Parties,
    session: RatchetSession | null,
    keys: AvailableKeys,
    messages: readonly Ciphertext[],
  ) => Promise<{ readonly session: RatchetSession | null; readonly results: readonly DecryptResult[] }>;
};

/** Name of a handshake for the replay check of the last-resort Kyber key. */
export const handshakeKey = (
  keys: Pick<NeededKeys, 'kyberPreKeyId' | 'signedPreKeyId' | 'baseKey'>,
): string => `${keys.kyberPreKeyId}:${keys.signedPreKeyId}:${keys.baseKey}`;
