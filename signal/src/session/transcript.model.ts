import { expect } from 'vitest';
import { keyPairOf, type KeyPair } from '../curve.ts';
import type { KyberKeyPair } from '../kyber1024.ts';
import type { PreKeyBundle } from '../pre-keys.ts';
import type { RandomBytes } from '../random.ts';
import { SignalError } from '../signal-error.ts';
import { decodeSpqrMessage } from '../spqr/spqr-message.ts';
import { fromHex, loadVectors, recordedRandom, toHex } from '../testing/vectors.model.ts';
import type { LocalDevice } from './address.ts';
import { archiveCurrent } from './archive.ts';
import type { PreKeyLookup } from './new-session.ts';
import { readPreKeyMessage } from './pre-key-message.ts';
import { decodeSessionRecord, encodeSessionRecord, type SessionRecord } from './session-record.ts';
import { decrypt, decryptPreKeyMessage, encrypt, startSession } from './session.ts';
import { decodeSignalMessage } from './signal-message.ts';

/** Replays the conversations of `vectors/transcript-*.json`, for one party or both. */

export type PartyName = 'alice' | 'bob';

type PartyKeys = Readonly<
  Record<'name' | 'identityPrivate' | 'signedPreKeyPrivate' | 'signedPreKeyPublic', string>
> &
  Readonly<Record<'signedPreKeySignature' | 'preKeyPrivate' | 'preKeyPublic' | 'kyberPreKeySecret', string>> &
  Readonly<Record<'kyberPreKeyPublic' | 'kyberPreKeySignature', string>> &
  Readonly<Record<'deviceId' | 'registrationId' | 'signedPreKeyId' | 'preKeyId' | 'kyberPreKeyId', number>>;

export type Operation = {
  readonly party: PartyName;
  readonly op: 'processBundle' | 'encrypt' | 'decrypt' | 'archive';
  readonly oneTime?: boolean;
  readonly message?: number;
  readonly plaintext?: string;
  readonly result?: 'ok' | 'refused';
  readonly random?: readonly string[];
  readonly patch?: readonly { readonly offset: number; readonly xor: number }[];
  readonly reason?: string;
  readonly trace?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, string | number>>;
};

export type Transcript = {
  readonly parties: Readonly<Record<PartyName, PartyKeys>>;
  readonly replay?: readonly PartyName[];
  /** The replayed party was made without the chunks of the post-quantum ratchet. */
  readonly spqr?: 'none-for-ever';
  readonly messages: readonly { readonly type: 2 | 3; readonly plaintext: string; readonly body: string }[];
  readonly ops: readonly Operation[];
};

export const loadTranscript = (name: string): Transcript => loadVectors(`transcript-${name}`) as Transcript;

const NOW_MS = 1_900_000_000_000;

/** For draws that are not in the record: those of refused messages and of the milestone's missing chunks. */
const anyRandom: RandomBytes = (length) => new Uint8Array(length).fill(length);

const bundleOf = (keys: PartyKeys, withOneTime: boolean): PreKeyBundle => ({
  registrationId: keys.registrationId,
  deviceId: keys.deviceId,
  identityKey: keyPairOf(fromHex(keys.identityPrivate)).publicKey,
  signedPreKey: {
    id: keys.signedPreKeyId,
    publicKey: fromHex(keys.signedPreKeyPublic),
    signature: fromHex(keys.signedPreKeySignature),
  },
  kyberPreKey: {
    id: keys.kyberPreKeyId,
    publicKey: fromHex(keys.kyberPreKeyPublic),
    signature: fromHex(keys.kyberPreKeySignature),
  },
  preKey: withOneTime ? { id: keys.preKeyId, publicKey: fromHex(keys.preKeyPublic) } : null,
});

const deviceOf = (keys: PartyKeys): LocalDevice => ({
  identity: keyPairOf(fromHex(keys.identityPrivate)),
  registrationId: keys.registrationId,
  address: { name: keys.name, deviceId: keys.deviceId },
});

const only =
  <K>(id: number, key: K) =>
  (wanted: number): K | undefined =>
    wanted === id ? key : undefined;

/** All that a message says but the type and chunk of the post-quantum ratchet, and the MAC over them. */
const withoutChunk = (type: 2 | 3, body: Uint8Array): object => {
  if (type === 3) {
    const { message, ...wrapper } = readPreKeyMessage(body);
    return { ...wrapper, message: withoutChunk(2, message) };
  }
  const { pqRatchet, ...said } = decodeSignalMessage(body);
  const { message, index } = decodeSpqrMessage(pqRatchet);
  return { ...said, epoch: message.epoch, index };
};

/** One side of a transcript, its record kept as bytes. */
class Party {
  readonly #transcript: Transcript;
  readonly #local: LocalDevice;
  readonly #remoteKeys: PartyKeys;
  readonly #signedPreKey: KeyPair;
  readonly #kyberPreKey: KyberKeyPair;
  readonly #keys: PartyKeys;
  #preKey: KeyPair | undefined;
  #stored: Uint8Array = encodeSessionRecord({ current: null, archived: [] });
  readonly #handshakes = new Set<string>();

  constructor(transcript: Transcript, name: PartyName) {
    this.#transcript = transcript;
    this.#keys = transcript.parties[name];
    this.#remoteKeys = transcript.parties[name === 'alice' ? 'bob' : 'alice'];
    this.#local = deviceOf(this.#keys);
    this.#signedPreKey = keyPairOf(fromHex(this.#keys.signedPreKeyPrivate));
    this.#preKey = keyPairOf(fromHex(this.#keys.preKeyPrivate));
    this.#kyberPreKey = {
      publicKey: fromHex(this.#keys.kyberPreKeyPublic),
      secretKey: fromHex(this.#keys.kyberPreKeySecret),
    };
  }

  get record(): SessionRecord {
    return decodeSessionRecord(this.#stored);
  }

  get #lookup(): PreKeyLookup {
    return {
      preKey: (id) => (id === this.#keys.preKeyId ? this.#preKey : undefined),
      signedPreKey: only(this.#keys.signedPreKeyId, this.#signedPreKey),
      kyberPreKey: only(this.#keys.kyberPreKeyId, this.#kyberPreKey),
      isUsed: ({ baseKey }) => this.#handshakes.has(toHex(baseKey)),
    };
  }

  /** Does it and checks what the transcript says about it. */
  do(operation: Operation): void {
    if (operation.op === 'archive') this.#store(archiveCurrent(this.record));
    else if (operation.result === 'refused') this.#beRefused(operation);
    else this.#succeed(operation);
  }

  #succeed(operation: Operation): void {
    const drawn = operation.random ?? [];
    // The package also draws a ratchet key in each session that it tries in vain before.
    const random = recordedRandom(...(operation.op === 'decrypt' ? drawn.slice(-1) : drawn));
    if (operation.op === 'processBundle') this.#start(operation, random);
    else if (operation.op === 'encrypt') this.#encrypt(operation, random);
    else expect(toHex(this.#decrypt(operation, random))).toBe(this.#messageOf(operation).plaintext);
    if (operation.op !== 'decrypt') expect(random.left()).toBe(0);
  }

  #store(record: SessionRecord): void {
    this.#stored = encodeSessionRecord(record);
    expect(encodeSessionRecord(this.record)).toEqual(this.#stored);
  }

  #messageOf({ message }: Operation): Transcript['messages'][number] {
    const found = message === undefined ? undefined : this.#transcript.messages[message];
    if (found === undefined) throw new Error('no such message in the transcript');
    return found;
  }

  #start({ oneTime }: Operation, random: RandomBytes): void {
    const bundle = bundleOf(this.#remoteKeys, oneTime === true);
    const remote = deviceOf(this.#remoteKeys).address;
    this.#store(startSession(this.#local, remote, this.record, bundle, NOW_MS, random));
  }

  #encrypt(operation: Operation, recorded: RandomBytes): void {
    const remote = deviceOf(this.#remoteKeys).address;
    const isReduced = this.#transcript.spqr === 'none-for-ever';
    const wanted = this.#messageOf(operation);
    const plaintext = fromHex(wanted.plaintext);
    const random = isReduced ? anyRandom : recorded;
    const { record, type, body } = encrypt(this.#local, remote, this.record, plaintext, NOW_MS, random);
    expect(type).toBe(wanted.type === 2 ? 'message' : 'pre-key-message');
    if (!isReduced) expect(toHex(body)).toBe(wanted.body);
    else expect(withoutChunk(wanted.type, body)).toEqual(withoutChunk(wanted.type, fromHex(wanted.body)));
    this.#store(record);
  }

  #decrypt(operation: Operation, random: RandomBytes): Uint8Array {
    const { type, body: hex } = this.#messageOf(operation);
    const remote = deviceOf(this.#remoteKeys).address;
    const body = fromHex(hex);
    for (const { offset, xor } of operation.patch ?? []) body[offset] = (body[offset] ?? 0) ^ xor;
    if (type === 2) {
      const { record, plaintext } = decrypt(this.#local, remote, this.record, body, random);
      this.#store(record);
      return plaintext;
    }
    const { record, plaintext, used } = decryptPreKeyMessage(
      ...([this.#local, remote, this.record, this.#lookup, body, random] as const),
    );
    this.#store(record);
    if (used !== null) this.#handshakes.add(toHex(used.baseKey));
    if (used?.preKeyId === this.#keys.preKeyId) this.#preKey = undefined;
    return plaintext;
  }

  #beRefused(operation: Operation): void {
    const before = this.#stored;
    const { record } = this;
    const remote = deviceOf(this.#remoteKeys).address;
    const attempt = (): unknown =>
      operation.op === 'encrypt'
        ? encrypt(this.#local, remote, record, fromHex(operation.plaintext ?? ''), NOW_MS, anyRandom)
        : this.#decrypt(operation, anyRandom);
    expect(attempt).toThrow(SignalError);
    expect(this.#stored).toBe(before);
    expect(encodeSessionRecord(record)).toEqual(before);
  }
}

/** `afterEach` gets every operation of these parties with the record it left. */
export const replay = (
  transcript: Transcript,
  names: readonly PartyName[],
  afterEach: (operation: Operation, record: SessionRecord) => void = () => undefined,
): void => {
  const parties = new Map(names.map((name) => [name, new Party(transcript, name)]));
  for (const [index, operation] of transcript.ops.entries()) {
    const party = parties.get(operation.party);
    if (party === undefined) continue;
    try {
      party.do(operation);
    } catch (error) {
      throw new Error(`operation ${index}`, { cause: error });
    }
    afterEach(operation, party.record);
  }
};
