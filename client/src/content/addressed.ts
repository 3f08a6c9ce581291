import type { AccountId } from '@restante/protocol';
import type { Self } from '../vault/tables.ts';
import { encodeContent } from './codec.ts';
import { CONTENT_VERSION } from './parts.ts';
import type { TextContent } from './kinds/text.ts';
import type { SharedContent } from './shared.ts';

/** What an account gets, and what own devices get, padded. */
export type Addressed = {
  readonly to: { readonly accountId: AccountId; readonly plaintext: Uint8Array } | null;
  readonly ownCopy: Uint8Array;
};

/** What an account gets with what a person wrote, beside what own devices get of it. */
export type Given = Pick<TextContent, 'access' | 'profile' | 'timerId'>;

/**
 * A content for an account and, as a copy, for own devices; for the latter alone when the account is the own one.
 */
export const addressed = (
  self: Pick<Self, 'accountId'>,
  accountId: AccountId,
  content: SharedContent,
  given: Given = {},
): Addressed => ({
  to:
    accountId === self.accountId
      ? null
      : {
          accountId,
          plaintext: encodeContent(
            content.kind === 'text' || content.kind === 'files' || content.kind === 'timer'
              ? { ...content, ...given }
              : content,
          ),
        },
  ownCopy: encodeContent({ v: CONTENT_VERSION, kind: 'sent', to: accountId, content }),
});
