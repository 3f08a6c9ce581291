import type { TokenSigner } from '@restante/service-kit';

const TTL_MS = 10 * 60_000;
const RENEW_MS = 2 * 60_000;

/** This master's own right to write, renewed ahead of its end, and when the clock has gone back: nodes take none of a time to come. */
export const createStoreToken = (signer: TokenSigner, now: () => number): (() => Promise<string>) => {
  let token: Promise<string> | null = null;
  let expiresAt = 0;
  return () => {
    const leftMs = expiresAt - now();
    if (token === null || leftMs < RENEW_MS || leftMs > TTL_MS) {
      expiresAt = now() + TTL_MS;
      token = signer.master(expiresAt);
    }
    return token;
  };
};
