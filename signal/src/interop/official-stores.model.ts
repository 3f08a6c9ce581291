import type * as signal from '@signalapp/libsignal-client';
import type { KyberPreKey } from '../pre-keys.ts';
import { encodeFields } from '../protobuf.ts';
import type { DeviceKeys } from './device.model.ts';
import type { Library } from './official-package.model.ts';
import { hex, type Stores } from './stores.model.ts';

const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
const nameOf = (address: signal.ProtocolAddress): string => `${address.name()}.${address.deviceId()}`;

const found = <T>(value: T | undefined): Promise<T> =>
  value === undefined ? Promise.reject(new Error('no such key')) : Promise.resolve(value);
const done = (): Promise<void> => Promise.resolve();
const notMadeHere = (): Promise<void> => Promise.reject(new Error('keys are not made here'));

/** The package has no other way to make such a record of bytes. */
const kyberRecord = (library: Library, key: KyberPreKey): signal.KyberPreKeyRecord => {
  const { id, publicKey, secretKey, signature } = key;
  const fields = encodeFields([
    [1, id],
    [2, publicKey],
    [3, secretKey],
    [4, signature],
    [5, 0n],
  ]);
  return library.KyberPreKeyRecord.deserialize(owned(fields));
};

const sessionStore = (library: Library, { sessions }: Stores): signal.SessionStore => {
  class Sessions extends library.SessionStore {
    override saveSession(address: signal.ProtocolAddress, record: signal.SessionRecord): Promise<void> {
      sessions.set(nameOf(address), record.serialize());
      return done();
    }

    override getSession(address: signal.ProtocolAddress): Promise<signal.SessionRecord | null> {
      const record = sessions.get(nameOf(address));
      return Promise.resolve(record ? library.SessionRecord.deserialize(owned(record)) : null);
    }

    override getExistingSessions(): Promise<signal.SessionRecord[]> {
      return Promise.resolve([]);
    }
  }
  return new Sessions();
};

/** Every identity is trusted. */
const identityStore = (
  library: Library,
  keys: DeviceKeys,
  { identities }: Stores,
): signal.IdentityKeyStore => {
  const privateKey = library.PrivateKey.deserialize(owned(keys.identity.privateKey));
  class Identities extends library.IdentityKeyStore {
    override getIdentityKey(): Promise<signal.PrivateKey> {
      return Promise.resolve(privateKey);
    }

    override getLocalRegistrationId(): Promise<number> {
      return Promise.resolve(keys.registrationId);
    }

    override saveIdentity(
      address: signal.ProtocolAddress,
      key: signal.PublicKey,
    ): Promise<signal.IdentityChange> {
      identities.set(nameOf(address), key.serialize());
      return Promise.resolve(library.IdentityChange.NewOrUnchanged);
    }

    override isTrustedIdentity(): Promise<boolean> {
      return Promise.resolve(true);
    }

    override getIdentity(address: signal.ProtocolAddress): Promise<signal.PublicKey | null> {
      const key = identities.get(nameOf(address));
      return Promise.resolve(key ? library.PublicKey.deserialize(owned(key)) : null);
    }
  }
  return new Identities();
};

const preKeyStore = (library: Library, keys: DeviceKeys, { preKeyIds }: Stores): signal.PreKeyStore => {
  class PreKeys extends library.PreKeyStore {
    override savePreKey = notMadeHere;

    override async getPreKey(wanted: number): Promise<signal.PreKeyRecord> {
      const key = await found(keys.preKeys.find(({ id }) => id === wanted && preKeyIds.has(id)));
      const pair = library.PrivateKey.deserialize(owned(key.privateKey));
      return library.PreKeyRecord.new(wanted, pair.getPublicKey(), pair);
    }

    override removePreKey(id: number): Promise<void> {
      preKeyIds.delete(id);
      return done();
    }
  }
  return new PreKeys();
};

const signedPreKeyStore = (library: Library, { signedPreKey }: DeviceKeys): signal.SignedPreKeyStore => {
  class SignedPreKeys extends library.SignedPreKeyStore {
    override saveSignedPreKey = notMadeHere;

    override async getSignedPreKey(id: number): Promise<signal.SignedPreKeyRecord> {
      const key = await found(id === signedPreKey.id ? signedPreKey : undefined);
      const pair = library.PrivateKey.deserialize(owned(key.privateKey));
      return library.SignedPreKeyRecord.new(id, 0, pair.getPublicKey(), pair, owned(key.signature));
    }
  }
  return new SignedPreKeys();
};

const kyberPreKeyStore = (library: Library, keys: DeviceKeys, stores: Stores): signal.KyberPreKeyStore => {
  const { kyberPreKeyIds, handshakes } = stores;
  const lastResort = keys.lastResortKyberPreKey;
  class KyberPreKeys extends library.KyberPreKeyStore {
    override saveKyberPreKey = notMadeHere;

    override async getKyberPreKey(wanted: number): Promise<signal.KyberPreKeyRecord> {
      const oneTime = keys.kyberPreKeys.find(({ id }) => id === wanted && kyberPreKeyIds.has(id));
      return kyberRecord(library, await found(wanted === lastResort.id ? lastResort : oneTime));
    }

    override markKyberPreKeyUsed(
      kyberId: number,
      signedId: number,
      baseKey: signal.PublicKey,
    ): Promise<void> {
      const handshake = `${kyberId} ${signedId} ${hex(baseKey.serialize())}`;
      if (handshakes.has(handshake)) return Promise.reject(new Error('this handshake is done'));
      if (kyberId === lastResort.id) handshakes.add(handshake);
      else kyberPreKeyIds.delete(kyberId);
      return done();
    }
  }
  return new KyberPreKeys();
};

/** The stores that the package works on. */
export const officialStores = (library: Library, keys: DeviceKeys, stores: Stores) => ({
  sessions: sessionStore(library, stores),
  identity: identityStore(library, keys, stores),
  preKeys: preKeyStore(library, keys, stores),
  signedPreKeys: signedPreKeyStore(library, keys),
  kyberPreKeys: kyberPreKeyStore(library, keys, stores),
});
