import { bytesField, decodeFields, encodeFields, uint32Field } from '../protobuf.ts';
import { SignalError } from '../signal-error.ts';

/** What stands inside a sealed message: a message, its type and who sent it. */
export type SealedContent = {
  readonly type: SealedType;
  /** The sender's certificate, encoded. */
  readonly certificate: Uint8Array;
  /** A message of that type, encrypted in its own way. */
  readonly body: Uint8Array;
  readonly hint: ContentHint;
  /** Of the group that the message is for; null when there is none. */
  readonly groupId: Uint8Array | null;
};

/** Of a session, of a group, or not encrypted otherwise (a request to send a message again). */
export type SealedType = 'pre-key-message' | 'message' | 'sender-key-message' | 'plaintext-content';

/**
 * What to do when the message cannot be decrypted: show it at once, wait because the sender will send it again, or say
 * nothing.
 */
export type ContentHint = 'default' | 'resendable' | 'implicit';

const TYPE_NUMBERS: readonly (readonly [SealedType, number])[] = [
  ['pre-key-message', 1],
  ['message', 2],
  ['sender-key-message', 7],
  ['plaintext-content', 8],
];

/** In order of their numbers. The default is left out of the encoding, and stands for unknown ones. */
const HINTS: readonly ContentHint[] = ['default', 'resendable', 'implicit'];

export const encodeSealedContent = ({ type, certificate, body, hint, groupId }: SealedContent): Uint8Array =>
  encodeFields([
    [1, TYPE_NUMBERS.find(([name]) => name === type)?.[1]],
    [2, certificate],
    [3, body],
    [4, hint === 'default' ? undefined : HINTS.indexOf(hint)],
    [5, groupId === null || groupId.length === 0 ? undefined : groupId],
  ]);

/** @throws SignalError `invalid-message` */
export const decodeSealedContent = (bytes: Uint8Array): SealedContent => {
  const fields = decodeFields(bytes);
  const typeNumber = uint32Field(fields, 1);
  const type = TYPE_NUMBERS.find(([, number]) => number === typeNumber)?.[0];
  const certificate = bytesField(fields, 2);
  const body = bytesField(fields, 3);
  if (type === undefined || certificate === undefined || body === undefined) {
    throw new SignalError('invalid-message');
  }
  const hint = HINTS[uint32Field(fields, 4) ?? 0] ?? 'default';
  return { type, certificate, body, hint, groupId: bytesField(fields, 5) ?? null };
};
