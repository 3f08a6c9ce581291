import type { AccountId } from '@restante/protocol';
import type { Self } from '../vault/tables.ts';
import { encodeContent } from './codec.ts';
import { CONTENT_VERSION } from './parts.ts';
import type { SharedContent } from './shared.ts';

/** What an account gets, and what own devices get, padded. */
export type Addressed = {
  readonly to: { readonly accountId: AccountId; readonly plaintext: Uint8Array } | null;
  readonly ownCopy: Uint8Array;
};

/**
 * A content for an account and, as a copy, for own devices; for the latter alone when the account is the own one. `access`: what the
 * account gets with what a person wrote.
 */
export const addressed = (
  self: Pick<Self, 'accountId'>,
  accountId: AccountId,
  content: SharedContent,
  access?: string,
): Addressed => ({
  to:
    accountId === self.accountId
      ? null
      : {
          accountId,
          plaintext: encodeContent(
            (content.kind === 'text' || content.kind === 'files') && access !== undefined
              ? { ...content, access }
              : content,
          ),
        },
  ownCopy: encodeContent({ v: CONTENT_VERSION, kind: 'sent', to: accountId, content }),
});
