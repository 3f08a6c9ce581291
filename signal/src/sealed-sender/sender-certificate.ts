import { parsePublicKey } from '../curve.ts';
import { bytesField, encodeFields, uint32Field, type Fields } from '../protobuf.ts';
import { systemRandom, type RandomBytes } from '../random.ts';
import type { Address } from '../session/address.ts';
import { refuse, SignalError } from '../signal-error.ts';
import { parseSignedContent, required, signContent, type SignedContent } from './signed-content.ts';

/**
 * Says, signed by a server, which identity key a device has. The sender shows it to the recipient inside the sealed
 * message; the server that delivers the message does not see it.
 */
export type SenderCertificate = SignedContent & {
  readonly sender: Address;
  /** Phone number, if the server names it. */
  readonly senderE164: string | null;
  /** 33 bytes. */
  readonly identityKey: Uint8Array;
  /** The last millisecond at which it is valid. */
  readonly expiresMs: number;
  /** The server's certificate, or the id of one that the recipient knows. */
  readonly signer: Uint8Array | number;
};

const MAX_DEVICE_ID = 127;
const UUID_BYTES = 16;
/** Where the hyphens of a UUID stand, in bytes. */
const UUID_GROUPS = [0, 4, 6, 8, 10, UUID_BYTES];

const decodeText = (bytes: Uint8Array): string =>
  new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);

const uuidOf = (bytes: Uint8Array): string => {
  if (bytes.length !== UUID_BYTES) return refuse('invalid-certificate');
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
  return UUID_GROUPS.slice(1)
    .map((end, index) => digits.slice(UUID_GROUPS[index], end).join(''))
    .join('-');
};

/** One of two fields; both at once are refused. */
const oneOf = <A, B>(first: A | undefined, second: B | undefined): A | B =>
  first !== undefined && second !== undefined
    ? refuse('invalid-certificate')
    : required<A | B>(first ?? second);

const senderName = (fields: Fields): string => {
  const [text, uuid] = [bytesField(fields, 6), bytesField(fields, 7)];
  return oneOf(text && decodeText(text), uuid && uuidOf(uuid));
};

const deviceId = (fields: Fields): number => {
  const value = required(uint32Field(fields, 2));
  return value >= 1 && value <= MAX_DEVICE_ID ? value : refuse('invalid-certificate');
};

const expiresMs = (fields: Fields): number => {
  const value = fields.get(3);
  return typeof value === 'bigint' ? Number(value) : refuse('invalid-certificate');
};

/** @throws SignalError `invalid-certificate` */
export const decodeSenderCertificate = (bytes: Uint8Array): SenderCertificate =>
  parseSignedContent(bytes, (fields, signed) => {
    const e164 = bytesField(fields, 1);
    return {
      ...signed,
      sender: { name: senderName(fields), deviceId: deviceId(fields) },
      senderE164: e164 === undefined ? null : decodeText(e164),
      identityKey: parsePublicKey(required(bytesField(fields, 4))),
      expiresMs: expiresMs(fields),
      signer: oneOf(bytesField(fields, 5), uint32Field(fields, 8)),
    };
  });

/** Draws 64 bytes. @throws SignalError `invalid-argument` when the device id or the time is out of range */
export const issueSenderCertificate = (
  certificate: Omit<SenderCertificate, keyof SignedContent>,
  serverPrivateKey: Uint8Array,
  random: RandomBytes = systemRandom,
): Uint8Array => {
  const { sender, senderE164, identityKey, signer } = certificate;
  const isDevice =
    Number.isInteger(sender.deviceId) && sender.deviceId >= 1 && sender.deviceId <= MAX_DEVICE_ID;
  if (!isDevice || !Number.isSafeInteger(certificate.expiresMs) || certificate.expiresMs < 0) {
    throw new SignalError('invalid-argument');
  }
  const encodeText = (text: string): Uint8Array => new TextEncoder().encode(text);
  const content = encodeFields([
    [1, senderE164 === null ? undefined : encodeText(senderE164)],
    [2, sender.deviceId],
    [3, BigInt(certificate.expiresMs)],
    [4, identityKey],
    [5, typeof signer === 'number' ? undefined : signer],
    [6, encodeText(sender.name)],
    [8, typeof signer === 'number' ? signer : undefined],
  ]);
  return signContent(content, serverPrivateKey, random);
};
