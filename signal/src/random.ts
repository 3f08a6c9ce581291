/** So many fresh random bytes. */
export type RandomBytes = (length: number) => Uint8Array;

/** The system's generator (Web Crypto). */
export const systemRandom: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));
