import { deviceKey, messageTime, type DeviceAddress, type Envelope } from '@restante/protocol';
import { fromBase64 } from '../base64.ts';
import { speakerOf, type Speaker } from '../account/device-lists.ts';
import type { Sessions } from '../sending/sessions.ts';
import {
  handshakeKey,
  type AvailableKeys,
  type Ciphertext,
  type DecryptResult,
  type NeededKeys,
  type Ratchet,
} from '../ratchet/ratchet.ts';
import { preKeyKey, type PreKeyKind } from '../vault/keys.ts';
import type { Transaction } from '../vault/store.ts';
import { ONLY } from '../vault/tables.ts';

const keysOf = async (
  transaction: Transaction,
  kind: PreKeyKind,
  ids: ReadonlySet<number>,
): Promise<Map<number, Uint8Array>> => {
  const wanted = [...ids];
  const rows = await transaction.getMany(
    'preKeys',
    wanted.map((id) => preKeyKey(kind, id)),
  );
  return new Map(wanted.flatMap((id, index) => (rows[index] ? [[id, rows[index].record]] : [])));
};

const availableKeys = async (
  transaction: Transaction,
  needed: readonly NeededKeys[],
): Promise<AvailableKeys> => {
  const handshakes = [...new Set(needed.map(handshakeKey))];
  const uses = await transaction.getMany('kyberUses', handshakes);
  return {
    preKeys: await keysOf(transaction, 'ec', new Set(needed.flatMap(({ preKeyId }) => preKeyId ?? []))),
    signedPreKeys: await keysOf(transaction, 'signed', new Set(needed.map((keys) => keys.signedPreKeyId))),
    kyberPreKeys: await keysOf(transaction, 'kyber', new Set(needed.map((keys) => keys.kyberPreKeyId))),
    usedHandshakes: new Set(handshakes.filter((_, index) => uses[index] !== undefined)),
  };
};

/** One-time keys go; that a last-resort key has served a handshake is remembered. */
const useUp = async (
  transaction: Transaction,
  handshakes: readonly NeededKeys[],
  nowMs: number,
): Promise<void> => {
  const ring = await transaction.get('keyRing', ONLY);
  for (const used of handshakes) {
    if (used.preKeyId !== null) transaction.delete('preKeys', preKeyKey('ec', used.preKeyId));
    if (ring?.lastResortKyberPreKeyIds.includes(used.kyberPreKeyId)) {
      transaction.put('kyberUses', handshakeKey(used), nowMs);
    } else transaction.delete('preKeys', preKeyKey('kyber', used.kyberPreKeyId));
  }
};

/** Decrypts envelopes of one device, in order, and stages what its session and the pre-keys have become. */
const decryptOfDevice = async (
  transaction: Transaction,
  { ratchet, sessions, now }: DecryptDeps,
  remote: DeviceAddress,
  { identityKey }: Speaker,
  envelopes: readonly Envelope[],
): Promise<readonly DecryptResult[]> => {
  const messages = envelopes.map(({ type, payload }): Ciphertext => ({ type, payload: fromBase64(payload) }));
  const needed = (await Promise.all(messages.map(ratchet.neededKeys))).filter((keys) => keys !== null);
  const session = (await transaction.get('sessions', deviceKey(remote))) ?? null;
  const keys = await availableKeys(transaction, needed);
  const decrypted = await ratchet.decrypt(sessions.parties(remote, identityKey), session, keys, messages);

  const opened = decrypted.results.filter((result) => result.ok);
  const handshakes = opened.flatMap(({ used }) => used ?? []);
  if (opened.length > 0 && decrypted.session !== null)
    await sessions.save(transaction, remote, session, decrypted.session, handshakes.length > 0);
  if (handshakes.length > 0) await useUp(transaction, handshakes, now());
  return decrypted.results;
};

export type DecryptDeps = {
  readonly ratchet: Ratchet;
  readonly sessions: Sessions;
  readonly now: () => number;
};

/** Decrypts envelopes over the state in a transaction: one result each, in their order. `other-key`: not by the keys on the list. */
export const decryptBatch = async (
  transaction: Transaction,
  deps: DecryptDeps,
  envelopes: readonly Envelope[],
): Promise<DecryptResult[]> => {
  const byDevice = Map.groupBy(envelopes, ({ senderId, senderDeviceId }) =>
    deviceKey({ accountId: senderId, deviceId: senderDeviceId }),
  );
  const results = new Map<Envelope, DecryptResult>();
  for (const group of byDevice.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const remote = { accountId: first.senderId, deviceId: first.senderDeviceId };
    const speaker = speakerOf(await transaction.get('deviceLists', remote.accountId), remote.deviceId);
    const heard = speaker === null ? [] : group.filter(({ id }) => messageTime(id) <= speaker.until);
    if (speaker === null || heard.length === 0) continue;
    const decrypted = await decryptOfDevice(transaction, deps, remote, speaker, heard);
    heard.forEach((envelope, index) => {
      results.set(envelope, decrypted[index] ?? { ok: false, reason: 'undecryptable' });
    });
  }
  return envelopes.map((envelope) => results.get(envelope) ?? { ok: false, reason: 'other-key' });
};
