import { concat } from '../bytes.ts';
import { bytesField, decodeFields, encodeFields, uint32Field } from '../protobuf.ts';
import type { RandomBytes } from '../random.ts';
import { SignalError } from '../signal-error.ts';
import { sign, SIGNATURE_BYTES, verify } from '../xeddsa.ts';
import { checkGroupVersion, GROUP_VERSION_BYTE } from './group-version.ts';
import { DISTRIBUTION_ID_BYTES } from './sender-key-state.ts';

/** A message to a group: version byte, protobuf, signature over both. */
export type SenderKeyMessage = {
  readonly distributionId: Uint8Array;
  readonly chainId: number;
  readonly iteration: number;
  readonly ciphertext: Uint8Array;
};

/** Draws 64 bytes. */
export const encodeSenderKeyMessage = (
  { distributionId, chainId, iteration, ciphertext }: SenderKeyMessage,
  signingPrivateKey: Uint8Array,
  random: RandomBytes,
): Uint8Array => {
  const fields = encodeFields([
    [1, distributionId],
    [2, chainId],
    [3, iteration],
    [4, ciphertext],
  ]);
  const content = concat(Uint8Array.of(GROUP_VERSION_BYTE), fields);
  return concat(content, sign(signingPrivateKey, content, random));
};

/** Does not look at the signature. @throws SignalError `invalid-message` */
export const decodeSenderKeyMessage = (bytes: Uint8Array): SenderKeyMessage => {
  checkGroupVersion(bytes);
  if (bytes.length <= SIGNATURE_BYTES) throw new SignalError('invalid-message');
  const fields = decodeFields(bytes.subarray(1, bytes.length - SIGNATURE_BYTES));
  const distributionId = bytesField(fields, 1);
  const chainId = uint32Field(fields, 2);
  const iteration = uint32Field(fields, 3);
  const ciphertext = bytesField(fields, 4);
  if (
    distributionId?.length !== DISTRIBUTION_ID_BYTES ||
    chainId === undefined ||
    iteration === undefined ||
    ciphertext === undefined
  ) {
    throw new SignalError('invalid-message');
  }
  return { distributionId, chainId, iteration, ciphertext };
};

/** Over the bytes as they came. */
export const hasValidSignature = (bytes: Uint8Array, signingPublicKey: Uint8Array): boolean => {
  const end = bytes.length - SIGNATURE_BYTES;
  return verify(signingPublicKey, bytes.subarray(0, end), bytes.subarray(end));
};
