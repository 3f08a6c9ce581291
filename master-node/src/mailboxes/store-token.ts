import type { TokenSigner } from '@restante/service-kit';

const TTL_MS = 10 * 60_000;
const RENEW_MS = 2 * 60_000;

/** This master's own right to write, renewed ahead of its end. */
export const createStoreToken = (signer: TokenSigner, now: () => number): (() => Promise<string>) => {
  let token: Promise<string> | null = null;
  let expiresAt = 0;
  return () => {
    if (token === null || expiresAt - RENEW_MS < now()) {
      expiresAt = now() + TTL_MS;
      token = signer.master(expiresAt);
    }
    return token;
  };
};
