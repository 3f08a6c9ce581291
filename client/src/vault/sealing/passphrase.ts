/** How a key is made from a passphrase: argon2id (RFC 9106), version 0x13. Kept beside what that key opens. */
export type PassphraseCost = {
  readonly salt: Uint8Array;
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
};

/** Answers with 32 bytes. */
export type DeriveKey = (passphrase: Uint8Array, cost: PassphraseCost) => Promise<Uint8Array<ArrayBuffer>>;

/** The second recommended option of RFC 9106, section 4. */
export const newPassphraseCost = (): PassphraseCost => ({
  salt: crypto.getRandomValues(new Uint8Array(16)),
  memoryKiB: 64 * 1024,
  passes: 3,
  lanes: 4,
});

/** What is asked of a stored cost: one that nobody could pay is not tried. */
export const MAX_COST = { memoryKiB: 1024 * 1024, passes: 64, lanes: 16 } as const;

/** The same passphrase on every keyboard. */
export const passphraseBytes = (passphrase: string): Uint8Array =>
  new TextEncoder().encode(passphrase.normalize('NFKC'));
