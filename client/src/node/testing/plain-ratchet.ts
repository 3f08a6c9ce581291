import { createHash } from 'node:crypto';
import { deviceKey, type KyberPreKey, type SignedPreKey } from '@restante/protocol';
import { fromBase64, toBase64 } from '../../base64.ts';
import { promised } from '../../promised.ts';
import { handshakeKey } from '../../ratchet/ratchet.ts';
import type {
  AvailableKeys,
  Ciphertext,
  DecryptResult,
  NeededKeys,
  Parties,
  Ratchet,
  RatchetSession,
  SignedKeyIds,
} from '../../ratchet/ratchet.ts';
import type { LocalIdentity } from '../../vault/tables.ts';

/**
 * A ratchet that keeps the contract of the real ones and hides nothing: which keys open which message is written on the
 * message. It costs next to nothing, and what it makes depends on `draw` alone.
 */

/** A chain of messages that its sender's ratchet key begins. `received`: which of them have been read. */
type Chain = { readonly key: string; readonly received: readonly number[] };

type State = {
  /** Of the handshake: names the session. */
  readonly id: string;
  /** How the other side gets to know of it, until it has answered. */
  readonly unanswered: { readonly needed: NeededKeys; readonly since: number } | null;
  /** The own ratchet key, and the number of the next message of its chain. */
  readonly own: string;
  readonly next: number;
  /** Ratchet key that messages of the next chain of the other side are for. */
  readonly remote: string | null;
  readonly chains: readonly Chain[];
};

/** The session that is sent with first, then those that are read with. */
type Record = readonly State[];

/** What goes over the wire. */
type Wire = {
  /** Devices, `<accountId>:<deviceId>`. */
  readonly by: string;
  readonly to: string;
  readonly session: string;
  readonly chain: string;
  /** The ratchet key of the reader that the chain answers; null: the reader's keys of `needed`. */
  readonly answers: string | null;
  readonly number: number;
  readonly text: string;
  readonly from: Pick<LocalIdentity, 'registrationId' | 'identityKey'>;
  readonly needed: NeededKeys | null;
};

const MAX_SESSIONS = 40;
const UNANSWERED_MS = 30 * 24 * 60 * 60 * 1000;
const DIGEST_BYTES = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const digest = (bytes: Uint8Array): Uint8Array =>
  createHash('sha256').update(bytes).digest().subarray(0, DIGEST_BYTES);
const seal = (value: unknown): Uint8Array => {
  const bytes = encoder.encode(JSON.stringify(value));
  return new Uint8Array([...digest(bytes), ...bytes]);
};
/** Null: it is not what was sealed. */
const open = (sealed: Uint8Array): unknown => {
  const bytes = sealed.subarray(DIGEST_BYTES);
  const isWhole =
    sealed.length > DIGEST_BYTES && digest(bytes).every((byte, index) => byte === sealed[index]);
  return isWhole ? JSON.parse(decoder.decode(bytes)) : null;
};

/** So many bytes that begin with a text, as base64. */
const filled = (text: string, length: number): string => {
  const bytes = new Uint8Array(length);
  bytes.set(encoder.encode(text));
  return toBase64(bytes);
};

const REGISTRATIONS = 0x3fff;
const CURVE_BYTES = 33;
const KYBER_BYTES = 1569;
const SIGNATURE_BYTES = 64;

const recordOf = (session: RatchetSession | null): Record => {
  const record = session && (open(session.record) as Record | null);
  return record ?? [];
};

const withOwn = (state: State, own: string): State => ({ ...state, own, next: 0 });

/** The state after a message that it can read, or why it cannot. */
const readWith = (state: State, wire: Wire, draw: () => string): State | 'duplicate' | 'undecryptable' => {
  const chain = state.chains.find(({ key }) => key === wire.chain);
  if (chain?.received.includes(wire.number)) return 'duplicate';
  if (chain) {
    const received = [...chain.received, wire.number];
    const chains = state.chains.map((each) => (each === chain ? { ...chain, received } : each));
    return { ...state, chains, unanswered: null };
  }
  if (wire.answers !== null && wire.answers !== state.own) return 'undecryptable';
  const chains = [...state.chains, { key: wire.chain, received: [wire.number] }];
  return { ...withOwn(state, draw()), remote: wire.chain, chains, unanswered: null };
};

const hasKeys = (keys: AvailableKeys, needed: NeededKeys): boolean =>
  (needed.preKeyId === null || keys.preKeys.has(needed.preKeyId)) &&
  keys.signedPreKeys.has(needed.signedPreKeyId) &&
  keys.kyberPreKeys.has(needed.kyberPreKeyId) &&
  !keys.usedHandshakes.has(handshakeKey(needed));

/** `draw`: another text of at most 32 characters each time. */
export const plainRatchet = (draw: () => string = () => crypto.randomUUID().replaceAll('-', '')): Ratchet => {
  const drawNumber = (): number =>
    createHash('sha256').update(draw()).digest().readUInt16BE() % REGISTRATIONS;
  const signed = (identity: string, key: string): string =>
    filled(toBase64(digest(encoder.encode(identity + key))), SIGNATURE_BYTES);
  const signedPreKey = (identity: string, keyId: number): SignedPreKey => {
    const publicKey = filled(draw(), CURVE_BYTES);
    return { keyId, publicKey, signature: signed(identity, publicKey) };
  };
  const kyberPreKey = (identity: string, keyId: number): KyberPreKey => {
    const publicKey = filled(draw(), KYBER_BYTES);
    return { keyId, publicKey, signature: signed(identity, publicKey) };
  };
  const signedKeys = (identity: string, ids: SignedKeyIds) => ({
    keys: {
      signedPreKey: signedPreKey(identity, ids.signedPreKeyId),
      lastResortKyberPreKey: kyberPreKey(identity, ids.lastResortKyberPreKeyId),
    },
    signedPreKeyRecord: encoder.encode('signed'),
    lastResortKyberPreKeyRecord: encoder.encode('kyber'),
  });

  const decryptOne = (
    { local, remote }: Parties,
    record: Record,
    keys: AvailableKeys,
    { payload }: Ciphertext,
  ): { record: Record; from: Wire['from']; text: string; used: NeededKeys | null } | DecryptResult => {
    const wire = open(payload) as Wire | null;
    if (wire?.by !== deviceKey(remote) || wire.to !== deviceKey(local))
      return { ok: false, reason: 'undecryptable' };
    const known = record.find(({ id }) => id === wire.session);
    if (known !== undefined) {
      const state = readWith(known, wire, draw);
      if (typeof state === 'string') return { ok: false, reason: state };
      const others = record.filter((each) => each !== known);
      return { record: [state, ...others], from: wire.from, text: wire.text, used: null };
    }
    if (wire.needed === null || !hasKeys(keys, wire.needed)) return { ok: false, reason: 'undecryptable' };
    const state: State = {
      ...{ id: wire.session, unanswered: null, own: draw(), next: 0, remote: wire.chain },
      chains: [{ key: wire.chain, received: [wire.number] }],
    };
    const kept = [state, ...record].slice(0, MAX_SESSIONS);
    return { record: kept, from: wire.from, text: wire.text, used: wire.needed };
  };

  return {
    createKeys: (ids) =>
      promised(() => {
        const identityKey = filled(draw(), CURVE_BYTES);
        const registrationId = 1 + drawNumber();
        const created = signedKeys(identityKey, ids);
        return {
          ...created,
          identity: { registrationId, identityKey, keyPair: encoder.encode(identityKey) },
          keys: { ...created.keys, registrationId, identityKey },
        };
      }),

    createSignedKeys: ({ identityKey }, ids) => promised(() => signedKeys(identityKey, ids)),

    createPreKeys: ({ identityKey }, { first, ...counts }) =>
      promised(() => {
        const idsOf = (count: number): number[] => Array.from({ length: count }, (_, index) => first + index);
        return {
          preKeys: idsOf(counts.preKeys).map((keyId) => ({ keyId, publicKey: filled(draw(), CURVE_BYTES) })),
          kyberPreKeys: idsOf(counts.kyberPreKeys).map((keyId) => kyberPreKey(identityKey, keyId)),
          preKeyRecords: idsOf(counts.preKeys).map(() => encoder.encode('one-time')),
          kyberPreKeyRecords: idsOf(counts.kyberPreKeys).map(() => encoder.encode('one-time')),
        };
      }),

    startSession: (_, session, bundle, nowMs) =>
      promised(() => {
        const { registrationId, identityKey, preKey, kyberPreKey: kyber } = bundle;
        for (const { publicKey, signature } of [bundle.signedPreKey, kyber])
          if (signature !== signed(identityKey, publicKey)) throw new Error('the signature is wrong');
        const needed: NeededKeys = {
          preKeyId: preKey?.keyId ?? null,
          signedPreKeyId: bundle.signedPreKey.keyId,
          kyberPreKeyId: kyber.keyId,
          baseKey: draw(),
        };
        const state: State = {
          ...{ id: needed.baseKey, unanswered: { needed, since: nowMs }, own: draw(), next: 0 },
          ...{ remote: null, chains: [] },
        };
        const record = [state, ...recordOf(session)].slice(0, MAX_SESSIONS);
        return { record: seal(record), registrationId, identityKey };
      }),

    encrypt: ({ identity, local, remote }, session, plaintext, nowMs) =>
      promised(() => {
        const [state, ...others] = recordOf(session);
        if (state === undefined) return null;
        if (state.unanswered && nowMs - state.unanswered.since > UNANSWERED_MS) return null;
        const { registrationId, identityKey } = identity;
        const wire: Wire = {
          ...{ by: deviceKey(local), to: deviceKey(remote) },
          ...{ session: state.id, chain: state.own, answers: state.remote, number: state.next },
          ...{ text: toBase64(plaintext), from: { registrationId, identityKey } },
          needed: state.unanswered?.needed ?? null,
        };
        const record = [{ ...state, next: state.next + 1 }, ...others];
        return {
          session: { ...session, record: seal(record) },
          type: wire.needed ? 'prekey-message' : 'message',
          payload: seal(wire),
        };
      }),

    neededKeys: ({ type, payload }) =>
      promised(() => (type === 'prekey-message' ? ((open(payload) as Wire | null)?.needed ?? null) : null)),

    decrypt: (parties, session, keys, messages) =>
      promised(() => {
        let current = session;
        const results = messages.map((message): DecryptResult => {
          const read = decryptOne(parties, recordOf(current), keys, message);
          if ('ok' in read) return read;
          if (read.from.identityKey !== parties.remoteKey) return { ok: false, reason: 'other-key' };
          current = { record: seal(read.record), ...read.from };
          return { ok: true, plaintext: fromBase64(read.text), used: read.used };
        });
        return { session: current, results };
      }),
  };
};
