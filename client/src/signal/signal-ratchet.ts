import {
  canEncrypt,
  decodeSessionRecord,
  decrypt,
  decryptPreKeyMessage,
  encodeKyberPreKey,
  encodePreKey,
  encodeSessionRecord,
  encodeSignedPreKey,
  encrypt,
  generateKeyPair,
  generateKyberPreKey,
  generatePreKeys,
  generateRegistrationId,
  generateSignedPreKey,
  readPreKeyMessage,
  SignalError,
  startSession,
  systemRandom,
  type KeyPair,
  type SessionRecord,
} from '@restante/signal';
import { toBase64 } from '../base64.ts';
import { promised } from '../promised.ts';
import type {
  Ciphertext,
  CreatedSignedKeys,
  DecryptResult,
  NeededKeys,
  Ratchet,
  RatchetSession,
  SignedKeyIds,
} from '../ratchet/ratchet.ts';
import { batchKeys, neededKeysOf } from './batch-keys.ts';
import { addressOf, bundleOf, encodeKeyPair, encodeSigned, identityOf, localDevice } from './key-encoding.ts';

const EMPTY: SessionRecord = { current: null, archived: [] };

const sessionOf = (record: SessionRecord): RatchetSession => {
  if (record.current === null) throw new SignalError('no-session');
  return {
    record: encodeSessionRecord(record),
    registrationId: record.current.remoteRegistrationId,
    identityKey: toBase64(record.current.remoteIdentity),
  };
};

const neededKeys = ({ type, payload }: Ciphertext): NeededKeys | null => {
  if (type === 'message') return null;
  try {
    return neededKeysOf(readPreKeyMessage(payload));
  } catch {
    return null;
  }
};

const signedKeys = (keyPair: KeyPair, ids: SignedKeyIds, nowMs: number): CreatedSignedKeys => {
  const signed = generateSignedPreKey(ids.signedPreKeyId, keyPair, nowMs, systemRandom);
  const lastResort = generateKyberPreKey(
    ids.lastResortKyberPreKeyId,
    keyPair,
    { isLastResort: true },
    nowMs,
    systemRandom,
  );
  return {
    keys: { signedPreKey: encodeSigned(signed), lastResortKyberPreKey: encodeSigned(lastResort) },
    signedPreKeyRecord: encodeSignedPreKey(signed),
    lastResortKyberPreKeyRecord: encodeKyberPreKey(lastResort),
  };
};

/** The ratchet of `@restante/signal`: it runs wherever JavaScript does. Everything in it is done in the call. */
export const signalRatchet = (): Ratchet => ({
  createKeys: (ids, nowMs) =>
    promised(() => {
      const keyPair = generateKeyPair(systemRandom);
      const registrationId = generateRegistrationId(systemRandom);
      const identityKey = toBase64(keyPair.publicKey);
      const created = signedKeys(keyPair, ids, nowMs);
      return {
        ...created,
        identity: { registrationId, identityKey, keyPair: encodeKeyPair(keyPair) },
        keys: { ...created.keys, registrationId, identityKey },
      };
    }),

  createSignedKeys: (identity, ids, nowMs) => promised(() => signedKeys(identityOf(identity), ids, nowMs)),

  createPreKeys: (identity, { first, ...counts }, nowMs) =>
    promised(() => {
      const keyPair = identityOf(identity);
      const preKeys = generatePreKeys(first, counts.preKeys, systemRandom);
      const kyberPreKeys = Array.from({ length: counts.kyberPreKeys }, (_, index) =>
        generateKyberPreKey(first + index, keyPair, { isLastResort: false }, nowMs, systemRandom),
      );
      return {
        preKeys: preKeys.map(({ id, publicKey }) => ({ keyId: id, publicKey: toBase64(publicKey) })),
        kyberPreKeys: kyberPreKeys.map(encodeSigned),
        preKeyRecords: preKeys.map(encodePreKey),
        kyberPreKeyRecords: kyberPreKeys.map(encodeKyberPreKey),
      };
    }),

  startSession: ({ identity, local, remote }, session, bundle, nowMs) =>
    promised(() => {
      const record = session && decodeSessionRecord(session.record);
      const device = localDevice(identity, local);
      return sessionOf(startSession(device, addressOf(remote), record, bundleOf(bundle), nowMs));
    }),

  encrypt: ({ identity, local, remote }, session, plaintext, nowMs) =>
    promised(() => {
      const record = decodeSessionRecord(session.record);
      if (!canEncrypt(record, nowMs)) return null;
      const result = encrypt(localDevice(identity, local), addressOf(remote), record, plaintext, nowMs);
      return {
        session: sessionOf(result.record),
        type: result.type === 'message' ? 'message' : 'prekey-message',
        payload: result.body,
      };
    }),

  neededKeys: (message) => promised(() => neededKeys(message)),

  decrypt: ({ identity, local, remote, remoteKey }, session, keys, messages) =>
    promised(() => {
      const device = localDevice(identity, local);
      const sender = addressOf(remote);
      const lookup = batchKeys(keys);
      const before = session ? decodeSessionRecord(session.record) : EMPTY;
      let record = before;

      const isOther = ({ current }: SessionRecord): boolean =>
        current === null || toBase64(current.remoteIdentity) !== remoteKey;
      const decryptOne = ({ type, payload }: Ciphertext): DecryptResult => {
        try {
          if (type === 'message') {
            const decrypted = decrypt(device, sender, record, payload);
            if (isOther(decrypted.record)) return { ok: false, reason: 'other-key' };
            record = decrypted.record;
            return { ok: true, plaintext: decrypted.plaintext, used: null };
          }
          const decrypted = decryptPreKeyMessage(device, sender, record, lookup, payload);
          if (isOther(decrypted.record)) return { ok: false, reason: 'other-key' };
          record = decrypted.record;
          const used = decrypted.used && neededKeysOf(decrypted.used);
          if (used !== null) lookup.use(used);
          return { ok: true, plaintext: decrypted.plaintext, used };
        } catch (error) {
          if (!(error instanceof SignalError)) throw error;
          return { ok: false, reason: error.code === 'duplicate-message' ? 'duplicate' : 'undecryptable' };
        }
      };
      const results = messages.map(decryptOne);
      return { session: record === before ? session : sessionOf(record), results };
    }),
});
