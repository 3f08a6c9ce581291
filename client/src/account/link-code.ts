import { deviceName, rendezvousId, type RendezvousId } from '@restante/protocol';
import { fromBase64, fromBase64Url, toBase64, toBase64Url } from '../base64.ts';
import { MessengerError } from '../messenger-error.ts';
import { uuidBytes, uuidOf } from './uuid-bytes.ts';

/**
 * What a device shows, as a QR code and as text, for another one to take: where they meet, and a key that was drawn for this alone. It is no link:
 * nothing happens to whoever is sent one and presses it.
 */
export type LinkCode = {
  readonly rendezvous: RendezvousId;
  /** X25519, 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  /** The new device shows it, and says who it is; null: a device of the account does. */
  readonly applicant: Applicant | null;
};

/** A device that is to be added. `identityKey`: base64 of 33 bytes. */
export type Applicant = { readonly identityKey: string; readonly name: string };

const PREFIX = 'restante-device:';
const VERSION = 1;
const SIDES = { new: 0, listed: 1 } as const;
const ID = { from: 2, to: 18 };
const KEY = { from: 18, to: 50 };
const IDENTITY = { from: 50, to: 83 };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export const linkCodeText = ({ rendezvous, publicKey, applicant }: LinkCode): string => {
  const side = applicant === null ? SIDES.listed : SIDES.new;
  const about =
    applicant === null ? [] : [...fromBase64(applicant.identityKey), ...encoder.encode(applicant.name)];
  return PREFIX + toBase64Url(Uint8Array.of(VERSION, side, ...uuidBytes(rendezvous), ...publicKey, ...about));
};

const bad = (): MessengerError => new MessengerError('bad-link-code', 'this is no code of a device');

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => {
  // Mails and notes break long lines.
  const code = text.replace(/\s/g, '');
  if (!code.startsWith(PREFIX)) throw bad();
  try {
    return fromBase64Url(code.slice(PREFIX.length));
  } catch {
    throw bad();
  }
};

const applicantOf = (bytes: Uint8Array): Applicant => {
  try {
    const name = deviceName.parse(decoder.decode(bytes.subarray(IDENTITY.to)));
    return { identityKey: toBase64(bytes.subarray(IDENTITY.from, IDENTITY.to)), name };
  } catch {
    throw bad();
  }
};

/** Throws `bad-link-code`. */
export const readLinkCode = (text: string): LinkCode => {
  const bytes = bytesOf(text);
  const [version, side] = bytes;
  const isWhole = side === SIDES.new ? bytes.length > IDENTITY.to : bytes.length === KEY.to;
  if (version !== VERSION || !isWhole || (side !== SIDES.new && side !== SIDES.listed)) throw bad();
  const rendezvous = rendezvousId.safeParse(uuidOf(bytes.subarray(ID.from, ID.to)));
  if (!rendezvous.success) throw bad();
  return {
    rendezvous: rendezvous.data,
    publicKey: bytes.slice(KEY.from, KEY.to),
    applicant: side === SIDES.new ? applicantOf(bytes) : null,
  };
};
