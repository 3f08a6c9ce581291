import { bytesField, decodeFields, encodeFields, type Fields } from '../protobuf.ts';
import type { RandomBytes } from '../random.ts';
import { SignalError } from '../signal-error.ts';
import { sign } from '../xeddsa.ts';

/** The form that both kinds of certificate have: content, and a signature over its bytes. */
export type SignedContent = { readonly content: Uint8Array; readonly signature: Uint8Array };

/** What `read` answers; broken bytes make a certificate invalid. */
const reading = <T>(read: () => T): T => {
  try {
    return read();
  } catch {
    throw new SignalError('invalid-certificate');
  }
};

/** Draws 64 bytes. */
export const signContent = (content: Uint8Array, signingKey: Uint8Array, random: RandomBytes): Uint8Array =>
  encodeFields([
    [1, content],
    [2, sign(signingKey, content, random)],
  ]);

/** What `parse` makes of the fields of the content. @throws SignalError `invalid-certificate` */
export const parseSignedContent = <T>(
  bytes: Uint8Array,
  parse: (fields: Fields, signed: SignedContent) => T,
): T =>
  reading(() => {
    const fields = decodeFields(bytes);
    const signed = { content: required(bytesField(fields, 1)), signature: required(bytesField(fields, 2)) };
    return parse(decodeFields(signed.content), signed);
  });

/** @throws SignalError `invalid-certificate` when it is absent */
export const required = <T>(value: T | undefined): T => {
  if (value === undefined) throw new SignalError('invalid-certificate');
  return value;
};
