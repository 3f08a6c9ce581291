import { parsePublicKey } from '../curve.ts';
import { bytesField, encodeFields, uint32Field } from '../protobuf.ts';
import { systemRandom, type RandomBytes } from '../random.ts';
import { verify } from '../xeddsa.ts';
import { parseSignedContent, required, signContent, type SignedContent } from './signed-content.ts';

/** Says, signed by a trust root, which key a server signs sender certificates with. */
export type ServerCertificate = SignedContent & {
  readonly keyId: number;
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
};

/** @throws SignalError `invalid-certificate` */
export const decodeServerCertificate = (bytes: Uint8Array): ServerCertificate =>
  parseSignedContent(bytes, (fields, signed) => ({
    ...signed,
    keyId: required(uint32Field(fields, 1)),
    publicKey: parsePublicKey(required(bytesField(fields, 2))),
  }));

/** Draws 64 bytes. */
export const issueServerCertificate = (
  { keyId, publicKey }: Pick<ServerCertificate, 'keyId' | 'publicKey'>,
  trustRootPrivateKey: Uint8Array,
  random: RandomBytes = systemRandom,
): Uint8Array => {
  const content = encodeFields([
    [1, keyId],
    [2, publicKey],
  ]);
  return signContent(content, trustRootPrivateKey, random);
};

/** Whether one of the trust roots (public keys of 33 bytes) has signed it. */
export const isSignedByRoot = (
  { content, signature }: SignedContent,
  trustRoots: readonly Uint8Array[],
): boolean => trustRoots.some((root) => verify(root, content, signature));
