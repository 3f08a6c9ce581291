import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { accessTokenBytes, type AccountId } from '@restante/protocol';

/** Who is let in by whom, without anything that is kept: see `protocol/src/access.ts`. */
export type Access = {
  /** What an account's devices make tokens of, base64url. */
  readonly keyOf: (account: AccountId) => string;
  /** Whether `recipient` has let `sender` in, by the token that the sender shows. */
  readonly isLetIn: (recipient: AccountId, sender: AccountId, token: string | undefined) => boolean;
};

/** `secret`: text that only masters know; with another one everybody is a stranger until told anew. */
export const createAccess = (secret: string): Access => {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'restante access', 32));
  const bytesOf = (account: AccountId): Buffer => createHmac('sha256', key).update(account).digest();
  return {
    keyOf: (account) => bytesOf(account).toString('base64url'),
    isLetIn: (recipient, sender, token) => {
      if (recipient === sender) return true;
      if (token === undefined) return false;
      const expected = accessTokenBytes(bytesOf(recipient), sender);
      const shown = Buffer.from(token, 'base64url');
      return shown.length === expected.length && timingSafeEqual(shown, expected);
    },
  };
};
