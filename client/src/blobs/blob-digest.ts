/**
 * What a blob is, in 32 bytes: SHA-256 of `"restante blob 1\n"` and the SHA-256 of each part's ciphertext, in order. AES-GCM alone lets a
 * sender make a part that opens to different things under two keys; with the digest beside the key everybody has the same one.
 */
export const blobDigest = async (partDigests: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> => {
  const domain = new TextEncoder().encode('restante blob 1\n');
  const text = new Uint8Array(domain.length + PART_DIGEST_BYTES * partDigests.length);
  text.set(domain);
  partDigests.forEach((digest, part) => text.set(digest, domain.length + PART_DIGEST_BYTES * part));
  return sha256(text);
};

const PART_DIGEST_BYTES = 32;

const sha256 = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

/** Of a part's ciphertext. */
export const partDigest = sha256;
