import type { AccountId } from '@restante/protocol';
import { expect, expectTypeOf, test } from 'vitest';
import { conversationWith, named, type ConversationId } from './conversation-id.ts';
import type { KeyOf } from './tables.ts';

test('a conversation says whom it is with, and is not taken for an account, nor an account for it', () => {
  const account: AccountId = '11111111-1111-4111-8111-111111111111';
  expect(named(conversationWith(account))).toEqual({ kind: 'account', accountId: account });
  expectTypeOf<AccountId>().not.toExtend<ConversationId>();
  expectTypeOf<ConversationId>().not.toExtend<AccountId>();
  expectTypeOf<string>().not.toExtend<ConversationId>();
  expectTypeOf<KeyOf<'conversations'>>().toEqualTypeOf<ConversationId>();
});
