import * as signal from '@signalapp/libsignal-client';
import { toBase64 } from '../base64.ts';
import { promised } from '../promised.ts';
import { handshakeKey, type AvailableKeys, type Parties, type RatchetSession } from '../ratchet/ratchet.ts';
import type { LocalIdentity } from '../vault/tables.ts';

/**
 * The stores that libsignal works on, for one call: they hold one session and the keys that were handed in.
 * libsignal writes to them only when an operation has succeeded, so a refused message changes nothing.
 */

const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

const NO_KEYS: AvailableKeys = {
  preKeys: new Map(),
  signedPreKeys: new Map(),
  kyberPreKeys: new Map(),
  usedHandshakes: new Set(),
};

class OneSession extends signal.SessionStore {
  record: signal.SessionRecord | null;

  constructor(session: RatchetSession | null) {
    super();
    this.record = session && signal.SessionRecord.deserialize(owned(session.record));
  }

  saveSession(_address: signal.ProtocolAddress, record: signal.SessionRecord): Promise<void> {
    this.record = record;
    return Promise.resolve();
  }

  getSession(): Promise<signal.SessionRecord | null> {
    return Promise.resolve(this.record);
  }

  getExistingSessions(): Promise<signal.SessionRecord[]> {
    return Promise.resolve(this.record ? [this.record] : []);
  }
}

/** Trusts the one identity that the other end must have. */
class OneIdentity extends signal.IdentityKeyStore {
  remote: signal.PublicKey | null = null;
  readonly #local: LocalIdentity;
  readonly #remoteKey: string;
  readonly #privateKey: signal.PrivateKey;

  constructor(local: LocalIdentity, remoteKey: string) {
    super();
    this.#remoteKey = remoteKey;
    this.#local = local;
    this.#privateKey = signal.IdentityKeyPair.deserialize(owned(local.keyPair)).privateKey;
  }

  getIdentityKey(): Promise<signal.PrivateKey> {
    return Promise.resolve(this.#privateKey);
  }

  getLocalRegistrationId(): Promise<number> {
    return Promise.resolve(this.#local.registrationId);
  }

  saveIdentity(_address: signal.ProtocolAddress, key: signal.PublicKey): Promise<signal.IdentityChange> {
    this.remote = key;
    return Promise.resolve(signal.IdentityChange.NewOrUnchanged);
  }

  isTrustedIdentity(_address: signal.ProtocolAddress, key: signal.PublicKey): Promise<boolean> {
    return Promise.resolve(toBase64(key.serialize()) === this.#remoteKey);
  }

  getIdentity(): Promise<signal.PublicKey | null> {
    return Promise.resolve(this.remote);
  }
}

const load = <T>(
  records: ReadonlyMap<number, Uint8Array>,
  id: number,
  read: (bytes: Uint8Array<ArrayBuffer>) => T,
): Promise<T> =>
  promised(() => {
    const bytes = records.get(id);
    if (bytes === undefined) throw new Error('no such pre-key');
    return read(owned(bytes));
  });

const noWrite = (): Promise<void> => Promise.reject(new Error('pre-keys are not made here'));

class PreKeys extends signal.PreKeyStore {
  override readonly savePreKey = noWrite;
  readonly #records: Map<number, Uint8Array>;

  constructor(records: ReadonlyMap<number, Uint8Array>) {
    super();
    this.#records = new Map(records);
  }

  getPreKey(id: number): Promise<signal.PreKeyRecord> {
    return load(this.#records, id, (bytes) => signal.PreKeyRecord.deserialize(bytes));
  }

  removePreKey(id: number): Promise<void> {
    this.#records.delete(id);
    return Promise.resolve();
  }
}

class SignedPreKeys extends signal.SignedPreKeyStore {
  override readonly saveSignedPreKey = noWrite;
  readonly #records: ReadonlyMap<number, Uint8Array>;

  constructor(records: ReadonlyMap<number, Uint8Array>) {
    super();
    this.#records = records;
  }

  getSignedPreKey(id: number): Promise<signal.SignedPreKeyRecord> {
    return load(this.#records, id, (bytes) => signal.SignedPreKeyRecord.deserialize(bytes));
  }
}

/** A handshake is completed once: this is what stops the replay of a first message. */
class KyberPreKeys extends signal.KyberPreKeyStore {
  override readonly saveKyberPreKey = noWrite;
  readonly completed = new Set<string>();
  readonly #keys: AvailableKeys;

  constructor(keys: AvailableKeys) {
    super();
    this.#keys = keys;
  }

  getKyberPreKey(id: number): Promise<signal.KyberPreKeyRecord> {
    return load(this.#keys.kyberPreKeys, id, (bytes) => signal.KyberPreKeyRecord.deserialize(bytes));
  }

  markKyberPreKeyUsed(
    kyberPreKeyId: number,
    signedPreKeyId: number,
    baseKey: signal.PublicKey,
  ): Promise<void> {
    return promised(() => {
      const name = handshakeKey({ kyberPreKeyId, signedPreKeyId, baseKey: toBase64(baseKey.serialize()) });
      if (this.#keys.usedHandshakes.has(name) || this.completed.has(name)) throw new Error('used handshake');
      this.completed.add(name);
    });
  }
}

/** Stores over one session and the given keys. */
export const libsignalStores = (
  { identity, remoteKey }: Pick<Parties, 'identity' | 'remoteKey'>,
  session: RatchetSession | null,
  keys: AvailableKeys = NO_KEYS,
) => {
  const sessions = new OneSession(session);
  const identities = new OneIdentity(identity, remoteKey);
  return {
    sessions,
    identities,
    preKeys: new PreKeys(keys.preKeys),
    signedPreKeys: new SignedPreKeys(keys.signedPreKeys),
    kyberPreKeys: new KyberPreKeys(keys),
    canSend: (now: Date): boolean => sessions.record?.hasCurrentState(now) ?? false,
    /** The session as it is now; `identityKey` stands for a peer that has not shown its key. */
    result: (identityKey: string): RatchetSession => {
      if (sessions.record === null) throw new Error('no session');
      return {
        record: sessions.record.serialize(),
        registrationId: sessions.record.remoteRegistrationId(),
        identityKey: identities.remote ? toBase64(identities.remote.serialize()) : identityKey,
      };
    },
  };
};
