import { generateKeyPair, type KeyPair } from '../curve.ts';
import {
  generateKyberPreKey,
  generatePreKeys,
  generateSignedPreKey,
  type KyberPreKey,
  type PreKey,
  type PreKeyBundle,
  type SignedPreKey,
} from '../pre-keys.ts';
import { systemRandom, type RandomBytes } from '../random.ts';
import { sendSpqr } from '../spqr/spqr.ts';
import { toHex } from '../testing/vectors.model.ts';
import type { Address, LocalDevice } from './address.ts';
import { archiveCurrent } from './archive.ts';
import { nextSeed } from './double-ratchet.ts';
import type { PreKeyLookup } from './new-session.ts';
import { decodeSessionRecord, encodeSessionRecord, type SessionRecord } from './session-record.ts';
import { decrypt, decryptPreKeyMessage, encrypt, startSession, type TrustOptions } from './session.ts';

export type Message = { readonly type: 'message' | 'pre-key-message'; readonly body: Uint8Array };

export const NOW_MS = 1_900_000_000_000;

export const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A device and its session with one other device; the record is kept as bytes between any two steps. */
export class Peer {
  readonly local: LocalDevice;
  readonly signedPreKey: SignedPreKey;
  readonly kyberPreKey: KyberPreKey;
  readonly #preKeys: Map<number, PreKey>;
  readonly #handshakes = new Set<string>();
  #bundleCount = 0;
  stored: Uint8Array = encodeSessionRecord({ current: null, archived: [] });

  constructor(address: Address, random: RandomBytes = systemRandom, identity?: KeyPair) {
    this.local = { identity: identity ?? generateKeyPair(random), registrationId: 77, address };
    this.signedPreKey = generateSignedPreKey(11, this.local.identity, NOW_MS, random);
    this.kyberPreKey = generateKyberPreKey(33, this.local.identity, { isLastResort: true }, NOW_MS, random);
    this.#preKeys = new Map(generatePreKeys(1, 10, random).map((preKey) => [preKey.id, preKey]));
  }

  /** With a one-time key that was not given out yet, or without any. */
  bundle(withOneTime: boolean): PreKeyBundle {
    const preKey = withOneTime ? this.#preKeys.get((this.#bundleCount += 1)) : undefined;
    return {
      registrationId: this.local.registrationId,
      deviceId: this.local.address.deviceId,
      identityKey: this.local.identity.publicKey,
      signedPreKey: this.signedPreKey,
      kyberPreKey: this.kyberPreKey,
      preKey: preKey ?? null,
    };
  }

  get record(): SessionRecord {
    return decodeSessionRecord(this.stored);
  }

  set record(record: SessionRecord) {
    this.stored = encodeSessionRecord(record);
  }

  lookup: PreKeyLookup = {
    preKey: (id) => this.#preKeys.get(id),
    signedPreKey: (id) => (id === this.signedPreKey.id ? this.signedPreKey : undefined),
    kyberPreKey: (id) => (id === this.kyberPreKey.id ? this.kyberPreKey : undefined),
    isUsed: ({ baseKey }) => this.#handshakes.has(toHex(baseKey)),
  };

  start(remote: Peer, withOneTime = true, nowMs = NOW_MS, random: RandomBytes = systemRandom): void {
    const bundle = remote.bundle(withOneTime);
    this.record = startSession(this.local, remote.local.address, this.record, bundle, nowMs, random);
  }

  archive(): void {
    this.record = archiveCurrent(this.record);
  }

  send(remote: Peer, text: string, nowMs = NOW_MS, random: RandomBytes = systemRandom): Message {
    const { record, type, body } = encrypt(
      ...([this.local, remote.local.address, this.record, textBytes(text), nowMs, random] as const),
    );
    this.record = record;
    return { type, body };
  }

  /** As if so many messages had been sent and lost. */
  lose(count: number): void {
    const { current, archived } = this.record;
    if (current === null) throw new Error('no session');
    let { ratchet, spqr } = current;
    for (let sent = 0; sent < count; sent += 1) {
      spqr = sendSpqr(spqr, systemRandom).state;
      ratchet = nextSeed(ratchet).ratchet;
    }
    this.record = { current: { ...current, ratchet, spqr }, archived };
  }

  /** The text. A refused message throws and changes nothing. */
  read(from: Peer, message: Message, random: RandomBytes = systemRandom, options: TrustOptions = {}): string {
    return this.readAs(this.local.address, from.local.address, message, random, options);
  }

  /** As if the server had said that the message is from `sender` to `recipient`. */
  readAs(
    recipient: Address,
    sender: Address,
    { type, body }: Message,
    random: RandomBytes = systemRandom,
    options: TrustOptions = {},
  ): string {
    const local = { ...this.local, address: recipient };
    if (type === 'message') {
      const { record, plaintext } = decrypt(local, sender, this.record, body, random, options);
      this.record = record;
      return new TextDecoder().decode(plaintext);
    }
    const { record, plaintext, used } = decryptPreKeyMessage(
      ...([local, sender, this.record, this.lookup, body, random, options] as const),
    );
    this.record = record;
    if (used !== null) {
      this.#handshakes.add(toHex(used.baseKey));
      if (used.preKeyId !== null) this.#preKeys.delete(used.preKeyId);
    }
    return new TextDecoder().decode(plaintext);
  }
}

export const ALICE: Address = { name: '8899d818-977d-46aa-8224-6692996dcc59', deviceId: 1 };
export const BOB: Address = { name: '40bf42b5-89d2-4dd6-801d-7848b1a07af6', deviceId: 2 };

/** Two devices that do not know each other yet. */
export const strangers = (): { readonly alice: Peer; readonly bob: Peer } => ({
  alice: new Peer(ALICE),
  bob: new Peer(BOB),
});

/** Alice has started, and both have read a message of the other. */
export const acquainted = (): { readonly alice: Peer; readonly bob: Peer } => {
  const { alice, bob } = strangers();
  alice.start(bob);
  bob.read(alice, alice.send(bob, 'first'));
  alice.read(bob, bob.send(alice, 'answer'));
  return { alice, bob };
};
