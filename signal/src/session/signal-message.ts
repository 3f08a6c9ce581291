import { concat, equalBytes } from '../bytes.ts';
import { parsePublicKey } from '../curve.ts';
import { hmac } from '../kdf.ts';
import { bytesField, decodeFields, encodeFields, uint32Field } from '../protobuf.ts';
import { SignalError } from '../signal-error.ts';
import { invalidKeyAs } from './invalid-key-as.ts';
import { checkVersion, MESSAGE_VERSION_BYTE } from './message-version.ts';

/** A message of a session: version byte, protobuf, MAC. Field numbers are those of Signal's wire.proto. */
export type SignalMessage = {
  /** The sender's: 33 bytes. */
  readonly ratchetKey: Uint8Array;
  readonly counter: number;
  readonly previousCounter: number;
  readonly ciphertext: Uint8Array;
  /** The post-quantum ratchet's own message; empty when there is none. */
  readonly pqRatchet: Uint8Array;
  /** 36 bytes, null when there are none (message-addresses.ts). */
  readonly addresses: Uint8Array | null;
};

/** Both identity keys, 33 bytes each. */
export type MacIdentities = { readonly sender: Uint8Array; readonly receiver: Uint8Array };

const MAC_BYTES = 8;

const macOf = (macKey: Uint8Array, { sender, receiver }: MacIdentities, content: Uint8Array): Uint8Array =>
  hmac(macKey, concat(sender, receiver, content)).slice(0, MAC_BYTES);

export const encodeSignalMessage = (
  message: SignalMessage,
  macKey: Uint8Array,
  identities: MacIdentities,
): Uint8Array => {
  const fields = encodeFields([
    [1, message.ratchetKey],
    [2, message.counter],
    [3, message.previousCounter],
    [4, message.ciphertext],
    [5, message.pqRatchet.length === 0 ? undefined : message.pqRatchet],
    [6, message.addresses ?? undefined],
  ]);
  const content = concat(Uint8Array.of(MESSAGE_VERSION_BYTE), fields);
  return concat(content, macOf(macKey, identities, content));
};

/** Does not look at the MAC. @throws SignalError `invalid-message` */
export const decodeSignalMessage = (bytes: Uint8Array): SignalMessage => {
  checkVersion(bytes);
  if (bytes.length <= MAC_BYTES) throw new SignalError('invalid-message');
  const fields = decodeFields(bytes.subarray(1, bytes.length - MAC_BYTES));
  const ratchetKey = bytesField(fields, 1);
  const counter = uint32Field(fields, 2);
  const previousCounter = uint32Field(fields, 3) ?? 0;
  const ciphertext = bytesField(fields, 4);
  if (ratchetKey === undefined || counter === undefined || ciphertext === undefined) {
    throw new SignalError('invalid-message');
  }
  return {
    ratchetKey: invalidKeyAs('invalid-message', () => parsePublicKey(ratchetKey)),
    ...{ counter, previousCounter, ciphertext },
    pqRatchet: bytesField(fields, 5) ?? new Uint8Array(0),
    addresses: bytesField(fields, 6) ?? null,
  };
};

/** Over the bytes as they came, never over a new encoding of their fields. */
export const hasValidMac = (bytes: Uint8Array, macKey: Uint8Array, identities: MacIdentities): boolean => {
  const end = bytes.length - MAC_BYTES;
  return equalBytes(macOf(macKey, identities, bytes.subarray(0, end)), bytes.subarray(end));
};
