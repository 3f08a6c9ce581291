import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { ConfigError, readPrivateKey, readPublicKeys } from '@restante/service-kit';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';

/**
 * Signatures of the documents of the directory (law 12): Ed25519 (RFC 8032) of a master's directory key over the id, the
 * generation of the revision and the content. So who has a CouchDB can make no document of their own, nor put an earlier one in
 * the place of a later one.
 *
 * What is signed: the UTF-8 bytes of the JSON array of the domain, the id, the generation and the content, without white space, the
 * fields of every object in the order of their UTF-16 code units. The content is all fields but `signature` and those of CouchDB,
 * which begin with `_`.
 */
const DOMAIN = 'restante-directory-1';

const signature = z.object({ key: z.string(), value: z.base64() });

export type DirectorySignatures = {
  /** The content with its signature for a revision of this generation. An earlier signature is replaced. */
  readonly sign: (id: string, generation: number, document: object) => object;
  /** Whether one of the accepted keys has signed it for this generation. */
  readonly isSigned: (id: string, generation: number, document: object) => boolean;
  /** Whether its signature names a key that stands before the one that signs now. */
  readonly isByEarlierKey: (document: object) => boolean;
  /** Whether there are such keys. */
  readonly hasEarlierKeys: boolean;
};

const signatureOf = (document: object): z.infer<typeof signature> | undefined =>
  signature.safeParse('signature' in document ? document.signature : undefined).data;

const contentOf = (document: object): object =>
  Object.fromEntries(
    Object.entries(document).filter(([field]) => field !== 'signature' && !field.startsWith('_')),
  );

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

const signedText = (id: string, generation: number, document: object): string =>
  canonical([DOMAIN, id, generation, contentOf(document)]);

const KEY_ID_DIGITS = 16;
const keyIdOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, KEY_ID_DIGITS);

const MAX_VERIFIED = 50_000;

/**
 * `privateKey`: PKCS #8 PEM, signs. `publicKeys`: SPKI PEM one after the other, the newest last, all accepted; the signing one is
 * among them.
 *
 * @throws ConfigError
 */
export const createDirectorySignatures = ({
  privateKey,
  publicKeys,
}: {
  readonly privateKey: string;
  readonly publicKeys: string;
}): DirectorySignatures => {
  const signing = readPrivateKey('DIRECTORY_PRIVATE_KEY', privateKey);
  const current = keyIdOf(createPublicKey(signing));
  const accepted = new Map(
    readPublicKeys('DIRECTORY_PUBLIC_KEYS', publicKeys).map((key) => [keyIdOf(key), key]),
  );
  if (!accepted.has(current)) {
    throw new ConfigError('DIRECTORY_PUBLIC_KEYS lacks the public half of DIRECTORY_PRIVATE_KEY');
  }
  const order = [...accepted.keys()];
  const earlier = order.slice(0, order.indexOf(current));
  /** Hashes of texts with signatures that were found valid. */
  const verified = new LRUCache<string, true>({ max: MAX_VERIFIED });
  const nameOf = (text: string, { key, value }: z.infer<typeof signature>): string =>
    createHash('sha256').update(`${key} ${value} ${text}`).digest('base64');

  return {
    sign: (id, generation, document) => {
      const text = signedText(id, generation, document);
      const value = sign(null, Buffer.from(text), signing).toString('base64');
      const made = { key: current, value };
      verified.set(nameOf(text, made), true);
      return { ...contentOf(document), signature: made };
    },
    isSigned: (id, generation, document) => {
      const found = signatureOf(document);
      const key = found && accepted.get(found.key);
      if (!found || !key) return false;
      const text = signedText(id, generation, document);
      const name = nameOf(text, found);
      if (verified.has(name)) return true;
      if (!verify(null, Buffer.from(text), key, Buffer.from(found.value, 'base64'))) return false;
      verified.set(name, true);
      return true;
    },
    isByEarlierKey: (document) => earlier.includes(signatureOf(document)?.key ?? ''),
    hasEarlierKeys: earlier.length > 0,
  };
};
