import type { AccountId } from '@restante/protocol';

/** The 16 bytes of an account id: how a fingerprint names the owner of a key. */
export const accountBytes = (accountId: AccountId): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(accountId.replaceAll('-', '').match(/../g) ?? [], (hex) => Number.parseInt(hex, 16));
