import type * as signal from '@signalapp/libsignal-client';
import type { Address } from '../session/address.ts';
import type { PreKeyBundle } from '../pre-keys.ts';
import { bundleOf, type Device, type DeviceKeys } from './device.model.ts';
import { officialKeys } from './official-keys.model.ts';
import type { Library } from './official-package.model.ts';
import { officialStores } from './official-stores.model.ts';
import { describeStores, nameOf, newStores } from './stores.model.ts';

const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

const officialBundle = (library: Library, bundle: PreKeyBundle): signal.PreKeyBundle => {
  const { registrationId, deviceId, identityKey, signedPreKey, kyberPreKey, preKey } = bundle;
  const publicKey = (bytes: Uint8Array): signal.PublicKey => library.PublicKey.deserialize(owned(bytes));
  return library.PreKeyBundle.new(
    registrationId,
    deviceId,
    preKey === null ? null : preKey.id,
    preKey === null ? null : publicKey(preKey.publicKey),
    signedPreKey.id,
    publicKey(signedPreKey.publicKey),
    owned(signedPreKey.signature),
    publicKey(identityKey),
    kyberPreKey.id,
    library.KEMPublicKey.deserialize(owned(kyberPreKey.publicKey)),
    owned(kyberPreKey.signature),
  );
};

/** A device of the official package. */
export const officialDevice = (
  library: Library,
  address: Address,
  keys: DeviceKeys = officialKeys(library),
  stores = newStores(keys),
): Device => {
  const { sessions, identity, preKeys, signedPreKeys, kyberPreKeys } = officialStores(library, keys, stores);
  const addressOf = ({ name, deviceId }: Address) => library.ProtocolAddress.new(name, deviceId);
  const decrypt: Device['decrypt'] = async (remote, { type, body }, as = address) => {
    const [from, to] = [addressOf(remote), addressOf(as)];
    try {
      if (type === 'message') {
        const message = library.SignalMessage.deserialize(owned(body));
        const plaintext = await library.signalDecrypt(message, from, to, sessions, identity);
        return { verdict: 'accepted', plaintext };
      }
      const plaintext = await library.signalDecryptPreKey(
        library.PreKeySignalMessage.deserialize(owned(body)),
        from,
        to,
        sessions,
        identity,
        preKeys,
        signedPreKeys,
        kyberPreKeys,
      );
      return { verdict: 'accepted', plaintext };
    } catch (error) {
      const duplicate = library.LibSignalErrorBase.is(error, library.ErrorCode.DuplicatedMessage);
      return { verdict: duplicate ? 'duplicate' : 'refused' };
    }
  };
  return {
    address,
    keys,
    bundle: (oneTime) => bundleOf(address, keys, oneTime),
    start: (remote, bundle, nowMs = Date.now()) =>
      library.processPreKeyBundle(
        officialBundle(library, bundle),
        addressOf(remote),
        addressOf(address),
        sessions,
        identity,
        new Date(nowMs),
      ),
    encrypt: async (remote, plaintext, nowMs = Date.now()) => {
      const message = await library.signalEncrypt(
        owned(plaintext),
        addressOf(remote),
        addressOf(address),
        sessions,
        identity,
        new Date(nowMs),
      );
      const preKey = message.type() === (library.CiphertextMessageType.PreKey as number);
      return { type: preKey ? 'pre-key-message' : 'message', body: message.serialize() };
    },
    decrypt,
    forget: (remote) => void stores.sessions.delete(nameOf(remote)),
    state: () => describeStores(stores),
    fork: () => officialDevice(library, address, keys, structuredClone(stores)),
  };
};
