import * as signal from '@signalapp/libsignal-client';
import type { DeviceAddress, KeyBundle, KyberPreKey, PreKey, SignedPreKey } from '@restante/protocol';
import { fromBase64, toBase64 } from '../base64.ts';
import { promised } from '../promised.ts';
import type {
  Ciphertext,
  CreatedSignedKeys,
  DecryptResult,
  NeededKeys,
  Ratchet,
  RatchetSession,
  Unread,
  SignedKeyIds,
} from '../ratchet/ratchet.ts';
import type { LocalIdentity } from '../vault/tables.ts';
import { libsignalStores } from './libsignal-stores.ts';
import { readPreKeyMessage } from './prekey-message.ts';

/** Signal's: both sides need the same. */

const PRE_KEY_TYPE: number = signal.CiphertextMessageType.PreKey;

/** libsignal's types ask for arrays that own their memory; vaults and decoders make no promise of it. */
const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

const addressOf = ({ accountId, deviceId }: DeviceAddress): signal.ProtocolAddress =>
  signal.ProtocolAddress.new(accountId, deviceId);

const keyPairOf = (identity: LocalIdentity): signal.IdentityKeyPair =>
  signal.IdentityKeyPair.deserialize(owned(identity.keyPair));

const publicBase64 = (key: { serialize: () => Uint8Array }): string => toBase64(key.serialize());

const randomRegistrationId = (): number =>
  1 + ((crypto.getRandomValues(new Uint16Array(1))[0] ?? 0) % 0x3fff);

const signedPreKey = (keyPair: signal.IdentityKeyPair, keyId: number, nowMs: number) => {
  const privateKey = signal.PrivateKey.generate();
  const publicKey = privateKey.getPublicKey();
  const signature = keyPair.privateKey.sign(publicKey.serialize());
  const record = signal.SignedPreKeyRecord.new(keyId, nowMs, publicKey, privateKey, signature).serialize();
  const key: SignedPreKey = { keyId, publicKey: publicBase64(publicKey), signature: toBase64(signature) };
  return { key, record };
};

const kyberPreKey = (keyPair: signal.IdentityKeyPair, keyId: number, nowMs: number) => {
  const pair = signal.KEMKeyPair.generate();
  const publicKey = pair.getPublicKey();
  const signature = keyPair.privateKey.sign(publicKey.serialize());
  const record = signal.KyberPreKeyRecord.new(keyId, nowMs, pair, signature).serialize();
  const key: KyberPreKey = { keyId, publicKey: publicBase64(publicKey), signature: toBase64(signature) };
  return { key, record };
};

const signedKeys = (keyPair: signal.IdentityKeyPair, ids: SignedKeyIds, nowMs: number): CreatedSignedKeys => {
  const signed = signedPreKey(keyPair, ids.signedPreKeyId, nowMs);
  const lastResort = kyberPreKey(keyPair, ids.lastResortKyberPreKeyId, nowMs);
  return {
    keys: { signedPreKey: signed.key, lastResortKyberPreKey: lastResort.key },
    signedPreKeyRecord: signed.record,
    lastResortKyberPreKeyRecord: lastResort.record,
  };
};

const preKey = (keyId: number) => {
  const privateKey = signal.PrivateKey.generate();
  const publicKey = privateKey.getPublicKey();
  const record = signal.PreKeyRecord.new(keyId, publicKey, privateKey).serialize();
  const key: PreKey = { keyId, publicKey: publicBase64(publicKey) };
  return { key, record };
};

const bundleOf = (bundle: KeyBundle): signal.PreKeyBundle =>
  signal.PreKeyBundle.new(
    bundle.registrationId,
    bundle.deviceId,
    bundle.preKey?.keyId ?? null,
    bundle.preKey ? signal.PublicKey.deserialize(fromBase64(bundle.preKey.publicKey)) : null,
    bundle.signedPreKey.keyId,
    signal.PublicKey.deserialize(fromBase64(bundle.signedPreKey.publicKey)),
    fromBase64(bundle.signedPreKey.signature),
    signal.PublicKey.deserialize(fromBase64(bundle.identityKey)),
    bundle.kyberPreKey.keyId,
    signal.KEMPublicKey.deserialize(fromBase64(bundle.kyberPreKey.publicKey)),
    fromBase64(bundle.kyberPreKey.signature),
  );

const neededKeys = ({ type, payload }: Ciphertext): NeededKeys | null => {
  const fields = type === 'prekey-message' ? readPreKeyMessage(payload) : null;
  return fields && { ...fields, baseKey: toBase64(fields.baseKey) };
};

const reasonOf = (error: unknown): Unread['reason'] => {
  const is = (code: signal.ErrorCode): boolean => signal.LibSignalErrorBase.is(error, code);
  if (is(signal.ErrorCode.DuplicatedMessage)) return 'duplicate';
  return is(signal.ErrorCode.UntrustedIdentity) ? 'other-key' : 'undecryptable';
};

/** The ratchet of the official package, which is a native Node module. */
export const libsignalRatchet = (): Ratchet => ({
  createKeys: (ids, nowMs) =>
    promised(() => {
      const keyPair = signal.IdentityKeyPair.generate();
      const registrationId = randomRegistrationId();
      const identityKey = publicBase64(keyPair.publicKey);
      const created = signedKeys(keyPair, ids, nowMs);
      return {
        ...created,
        identity: { registrationId, identityKey, keyPair: keyPair.serialize() },
        keys: { ...created.keys, registrationId, identityKey },
      };
    }),

  createSignedKeys: (identity, ids, nowMs) => promised(() => signedKeys(keyPairOf(identity), ids, nowMs)),

  createPreKeys: (identity, { first, ...counts }, nowMs) =>
    promised(() => {
      const keyPair = keyPairOf(identity);
      const idsOf = (count: number): number[] => Array.from({ length: count }, (_, index) => first + index);
      const preKeys = idsOf(counts.preKeys).map(preKey);
      const kyberPreKeys = idsOf(counts.kyberPreKeys).map((id) => kyberPreKey(keyPair, id, nowMs));
      return {
        preKeys: preKeys.map(({ key }) => key),
        kyberPreKeys: kyberPreKeys.map(({ key }) => key),
        preKeyRecords: preKeys.map(({ record }) => record),
        kyberPreKeyRecords: kyberPreKeys.map(({ record }) => record),
      };
    }),

  startSession: async (parties, session, bundle, nowMs) => {
    const { local, remote } = parties;
    const stores = libsignalStores(parties, session);
    await signal.processPreKeyBundle(
      bundleOf(bundle),
      addressOf(remote),
      addressOf(local),
      stores.sessions,
      stores.identities,
      new Date(nowMs),
    );
    return stores.result(bundle.identityKey);
  },

  encrypt: async (parties, session, plaintext, nowMs) => {
    const { local, remote } = parties;
    const stores = libsignalStores(parties, session);
    const now = new Date(nowMs);
    if (!stores.canSend(now)) return null;
    const ciphertext = await signal.signalEncrypt(
      owned(plaintext),
      addressOf(remote),
      addressOf(local),
      stores.sessions,
      stores.identities,
      now,
    );
    return {
      session: stores.result(session.identityKey),
      type: ciphertext.type() === PRE_KEY_TYPE ? 'prekey-message' : 'message',
      payload: ciphertext.serialize(),
    };
  },

  neededKeys: (message) => promised(() => neededKeys(message)),

  decrypt: async (parties, session, keys, messages) => {
    const { local, remote } = parties;
    const stores = libsignalStores(parties, session, keys);
    const [remoteAddress, localAddress] = [addressOf(remote), addressOf(local)];

    const decryptOne = (message: Ciphertext): Promise<Uint8Array> =>
      message.type === 'message'
        ? signal.signalDecrypt(
            signal.SignalMessage.deserialize(owned(message.payload)),
            remoteAddress,
            localAddress,
            stores.sessions,
            stores.identities,
          )
        : signal.signalDecryptPreKey(
            signal.PreKeySignalMessage.deserialize(owned(message.payload)),
            remoteAddress,
            localAddress,
            stores.sessions,
            stores.identities,
            stores.preKeys,
            stores.signedPreKeys,
            stores.kyberPreKeys,
          );

    const results: DecryptResult[] = [];
    for (const message of messages) {
      const handshakes = stores.kyberPreKeys.completed.size;
      const identity = stores.identities.remote;
      try {
        const plaintext = await decryptOne(message);
        const used = stores.kyberPreKeys.completed.size > handshakes ? neededKeys(message) : null;
        results.push({ ok: true, plaintext, used });
      } catch (error) {
        stores.identities.remote = identity;
        results.push({ ok: false, reason: reasonOf(error) });
      }
    }
    const result: RatchetSession | null = stores.sessions.record
      ? stores.result(session?.identityKey ?? '')
      : null;
    return { session: result, results };
  },
});
