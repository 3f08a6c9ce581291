import { concat } from '../bytes.ts';
import { parsePublicKey } from '../curve.ts';
import { bytesField, decodeFields, encodeFields, uint32Field } from '../protobuf.ts';
import { SignalError } from '../signal-error.ts';
import { invalidKeyAs } from './invalid-key-as.ts';
import { checkVersion, MESSAGE_VERSION_BYTE } from './message-version.ts';

/**
 * A message with everything the receiver needs to make the session. Nothing but the message inside is authenticated
 * by itself: a server can change the registration id unnoticed.
 */
export type PreKeyMessage = {
  /** Of the sender. */
  readonly registrationId: number;
  /** Null when no one-time pre-key was used. */
  readonly preKeyId: number | null;
  readonly signedPreKeyId: number;
  readonly kyberPreKeyId: number;
  /** 1569 bytes when it is right: looked at only when the session is made. */
  readonly kyberCiphertext: Uint8Array;
  /** 33 bytes: names the session. */
  readonly baseKey: Uint8Array;
  /** Of the sender: 33 bytes. */
  readonly identityKey: Uint8Array;
  /** A whole SignalMessage. */
  readonly message: Uint8Array;
};

export const encodePreKeyMessage = (message: PreKeyMessage): Uint8Array =>
  concat(
    Uint8Array.of(MESSAGE_VERSION_BYTE),
    encodeFields([
      [1, message.preKeyId ?? undefined],
      [2, message.baseKey],
      [3, message.identityKey],
      [4, message.message],
      [5, message.registrationId],
      [6, message.signedPreKeyId],
      [7, message.kyberPreKeyId],
      [8, message.kyberCiphertext],
    ]),
  );

/** @throws SignalError `invalid-message` */
export const readPreKeyMessage = (body: Uint8Array): PreKeyMessage => {
  checkVersion(body);
  const fields = decodeFields(body.subarray(1));
  const baseKey = bytesField(fields, 2);
  const identityKey = bytesField(fields, 3);
  const message = bytesField(fields, 4);
  const signedPreKeyId = uint32Field(fields, 6);
  const kyberPreKeyId = uint32Field(fields, 7);
  const kyberCiphertext = bytesField(fields, 8);
  if (
    baseKey === undefined ||
    identityKey === undefined ||
    message === undefined ||
    signedPreKeyId === undefined ||
    kyberPreKeyId === undefined ||
    kyberCiphertext === undefined
  ) {
    throw new SignalError('invalid-message');
  }
  return {
    registrationId: uint32Field(fields, 5) ?? 0,
    preKeyId: uint32Field(fields, 1) ?? null,
    ...{ signedPreKeyId, kyberPreKeyId, kyberCiphertext, message },
    baseKey: invalidKeyAs('invalid-message', () => parsePublicKey(baseKey)),
    identityKey: invalidKeyAs('invalid-message', () => parsePublicKey(identityKey)),
  };
};
