import { x25519 } from '@noble/curves/ed25519.js';
import type { RendezvousId, RendezvousSlot } from '@restante/protocol';
import { fromBase64, toBase64 } from '../base64.ts';
import { MessengerError } from '../messenger-error.ts';
import { uuidBytes } from './uuid-bytes.ts';

/**
 * Seals what two devices say to each other through a rendezvous. X25519 of the key in the code and of one that the answering device draws;
 * HKDF-SHA-256 with both, the rendezvous and the slot; AES-256-GCM. The servers know none of the secrets, nor the key in the code, so they can
 * put nothing there that opens. (X25519 by noble, as `account-key.ts` has Ed25519: not every browser has it.)
 *
 * A message: version (1 byte), the sender's public key (32), nonce (12), ciphertext and tag.
 */

/** 32 bytes each. */
export type LinkKeys = {
  readonly privateKey: Uint8Array<ArrayBuffer>;
  readonly publicKey: Uint8Array<ArrayBuffer>;
};

/** Two devices that have each other's key. */
export type Channel = {
  readonly rendezvous: RendezvousId;
  /** Of the device that shows the code, and of the one that takes it. */
  readonly shown: Uint8Array<ArrayBuffer>;
  readonly taker: Uint8Array<ArrayBuffer>;
  /** Public; of this end. */
  readonly own: Uint8Array<ArrayBuffer>;
  readonly secret: Uint8Array<ArrayBuffer>;
};

type Random = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

const VERSION = 1;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const HEADER_BYTES = 1 + KEY_BYTES + NONCE_BYTES;
const DIGITS = 6;
const DIGITS_BYTES = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

const altered = (): MessengerError =>
  new MessengerError('link-altered', 'what came is not what the other device has said');

export const createLinkKeys = (random: Random): LinkKeys => {
  const privateKey = random(new Uint8Array(KEY_BYTES));
  return { privateKey, publicKey: Uint8Array.from(x25519.getPublicKey(privateKey)) };
};

/** Throws `link-altered` for a key that is none. */
const sharedSecret = ({ privateKey }: LinkKeys, other: Uint8Array): Uint8Array<ArrayBuffer> => {
  try {
    return Uint8Array.from(x25519.getSharedSecret(privateKey, other));
  } catch {
    throw altered();
  }
};

/** Of the device that has taken a code with this key. */
export const takerChannel = (
  rendezvous: RendezvousId,
  shown: Uint8Array<ArrayBuffer>,
  keys: LinkKeys,
): Channel => ({
  ...{ rendezvous, shown, taker: keys.publicKey, own: keys.publicKey },
  secret: sharedSecret(keys, shown),
});

/** Of the device that has shown the code, once the first message has come, whose sender it believes nothing of yet. */
export const shownChannel = (rendezvous: RendezvousId, keys: LinkKeys, sealed: string): Channel => {
  const bytes = fromBase64(sealed);
  if (bytes[0] !== VERSION || bytes.length <= HEADER_BYTES) throw altered();
  const taker = bytes.slice(1, 1 + KEY_BYTES);
  return {
    ...{ rendezvous, shown: keys.publicKey, taker, own: keys.publicKey },
    secret: sharedSecret(keys, taker),
  };
};

const derived = async (
  { rendezvous, shown, taker, secret }: Channel,
  purpose: RendezvousSlot | 'digits',
  bytes: number,
): Promise<Uint8Array<ArrayBuffer>> => {
  const info = Uint8Array.of(
    ...encoder.encode(`restante link 1 ${purpose}\n`),
    ...uuidBytes(rendezvous),
    ...shown,
    ...taker,
  );
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const salt = new Uint8Array();
  return new Uint8Array(
    await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, 8 * bytes),
  );
};

const slotKey = async (channel: Channel, slot: RendezvousSlot) =>
  crypto.subtle.importKey('raw', await derived(channel, slot, KEY_BYTES), 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ]);

/** Base64. */
export const seal = async (
  channel: Channel,
  slot: RendezvousSlot,
  text: string,
  random: Random,
): Promise<string> => {
  const iv = random(new Uint8Array(NONCE_BYTES));
  const key = await slotKey(channel, slot);
  const ciphertext = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, encoder.encode(text));
  return toBase64(Uint8Array.of(VERSION, ...channel.own, ...iv, ...new Uint8Array(ciphertext)));
};

/** Throws `link-altered`. */
export const openSealed = async (channel: Channel, slot: RendezvousSlot, sealed: string): Promise<string> => {
  const bytes = fromBase64(sealed);
  if (bytes[0] !== VERSION || bytes.length <= HEADER_BYTES) throw altered();
  const sender = toBase64(bytes.subarray(1, 1 + KEY_BYTES));
  const other = channel.own === channel.shown ? channel.taker : channel.shown;
  if (sender !== toBase64(other)) throw altered();
  const iv = bytes.slice(1 + KEY_BYTES, HEADER_BYTES);
  try {
    const key = await slotKey(channel, slot);
    const opened = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, bytes.slice(HEADER_BYTES));
    return decoder.decode(opened);
  } catch {
    throw altered();
  }
};

/**
 * Six digits that both devices show. They are of the shared secret, not of the public keys: somebody who has seen the code, and has a server
 * besides, knows the keys, and could look for one of their own that leads to the same digits.
 */
export const linkDigits = async (channel: Channel): Promise<string> => {
  const bytes = await derived(channel, 'digits', DIGITS_BYTES);
  const value = new DataView(bytes.buffer).getBigUint64(0) % 10n ** BigInt(DIGITS);
  return String(value).padStart(DIGITS, '0');
};
