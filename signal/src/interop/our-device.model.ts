import { expect } from 'vitest';
import { systemRandom } from '../random.ts';
import { SignalError } from '../signal-error.ts';
import type { Address } from '../session/address.ts';
import { decrypt, decryptPreKeyMessage, encrypt, startSession } from '../session/session.ts';
import { decodeSessionRecord, encodeSessionRecord, type SessionRecord } from '../session/session-record.ts';
import { bundleOf, type Ciphertext, type Device, type DeviceKeys, type Outcome } from './device.model.ts';
import { ourKeys } from './our-keys.model.ts';
import { describeStores, hex, nameOf, newStores } from './stores.model.ts';

type Handshake = { signedPreKeyId: number; kyberPreKeyId: number; baseKey: Uint8Array };

const handshakeName = ({ kyberPreKeyId, signedPreKeyId, baseKey }: Handshake): string =>
  `${kyberPreKeyId} ${signedPreKeyId} ${hex(baseKey)}`;

const promised = <R>(work: () => R): Promise<R> =>
  new Promise((resolve) => {
    resolve(work());
  });

/**
 * A device of ours. Its session records are kept as bytes: encoded after and decoded before every step. No step may
 * change the record that it was given.
 */
export const ourDevice = (
  address: Address,
  keys: DeviceKeys = ourKeys(),
  stores = newStores(keys),
): Device => {
  const { sessions, preKeyIds, kyberPreKeyIds, handshakes } = stores;
  const lastResort = keys.lastResortKyberPreKey;
  const local = (as: Address = address) => ({
    ...{ identity: keys.identity, registrationId: keys.registrationId },
    address: as,
  });

  const step = <R extends { readonly record: SessionRecord }>(
    remote: Address,
    work: (record: SessionRecord | null) => R,
  ): R => {
    const stored = sessions.get(nameOf(remote)) ?? null;
    const record = stored && decodeSessionRecord(stored);
    const isUnharmed = () => !stored || !record || Buffer.from(stored).equals(encodeSessionRecord(record));
    try {
      const result = work(record);
      sessions.set(nameOf(remote), encodeSessionRecord(result.record));
      return result;
    } finally {
      expect(isUnharmed(), 'the given record stays as it was').toBe(true);
    }
  };
  const existing = (record: SessionRecord | null): SessionRecord => {
    if (record === null) throw new SignalError('no-session');
    return record;
  };

  const lookup = {
    preKey: (wanted: number) => keys.preKeys.find(({ id }) => id === wanted && preKeyIds.has(id)),
    signedPreKey: (wanted: number) => (wanted === keys.signedPreKey.id ? keys.signedPreKey : undefined),
    kyberPreKey: (wanted: number) =>
      wanted === lastResort.id
        ? lastResort
        : keys.kyberPreKeys.find(({ id }) => id === wanted && kyberPreKeyIds.has(id)),
    isUsed: (handshake: Handshake) => handshakes.has(handshakeName(handshake)),
  };

  const open = (remote: Address, { type, body }: Ciphertext, as: Address): Uint8Array => {
    if (type === 'message') {
      return step(remote, (record) => decrypt(local(as), remote, existing(record), body, systemRandom))
        .plaintext;
    }
    const { plaintext, used } = step(remote, (record) =>
      decryptPreKeyMessage(local(as), remote, record, lookup, body, systemRandom),
    );
    if (used !== null) {
      if (used.preKeyId !== null) preKeyIds.delete(used.preKeyId);
      if (used.kyberPreKeyId === lastResort.id) handshakes.add(handshakeName(used));
      else kyberPreKeyIds.delete(used.kyberPreKeyId);
    }
    return plaintext;
  };

  return {
    address,
    keys,
    bundle: (oneTime) => bundleOf(address, keys, oneTime),
    start: (remote, bundle, nowMs = Date.now()) =>
      promised(() => {
        step(remote, (record) => ({
          record: startSession(local(), remote, record, bundle, nowMs, systemRandom),
        }));
      }),
    encrypt: (remote, plaintext, nowMs = Date.now()) =>
      promised(() => {
        const { type, body } = step(remote, (record) =>
          encrypt(local(), remote, existing(record), plaintext, nowMs, systemRandom),
        );
        return { type, body };
      }),
    decrypt: (remote, message, as = address) =>
      promised((): Outcome => {
        try {
          return { verdict: 'accepted', plaintext: open(remote, message, as) };
        } catch (error) {
          if (!(error instanceof SignalError)) throw error;
          return { verdict: error.code === 'duplicate-message' ? 'duplicate' : 'refused' };
        }
      }),
    forget: (remote) => void sessions.delete(nameOf(remote)),
    state: () => describeStores(stores),
    fork: () => ourDevice(address, keys, structuredClone(stores)),
  };
};
