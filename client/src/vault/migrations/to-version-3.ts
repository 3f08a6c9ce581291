import * as z from 'zod/mini';
import type { Migration } from './migration.ts';

const session = z.looseObject({ record: z.instanceof(Uint8Array), generation: z.optional(z.number()) });

const conversation = z.looseObject({ accountId: z.string() });
const message = z.looseObject({ id: z.string(), accountId: z.string() });

/** A session without a generation was of the first; what was said to belong to an account belongs to the conversation with it. */
export const toVersion3: Migration = {
  version: 3,
  rows: {
    sessions: (key, value) => {
      const before = session.safeParse(value);
      const after = before.success ? { ...before.data, generation: before.data.generation ?? 0 } : value;
      return [{ table: 'sessions', key, value: after }];
    },
    conversations: (key, value) => {
      const before = conversation.safeParse(value);
      if (!before.success) return [{ table: 'conversations', key, value }];
      const { accountId: id, ...rest } = before.data;
      return [{ table: 'conversations', key, value: { id, ...rest } }];
    },
    messages: (key, value) => {
      const before = message.safeParse(value);
      if (!before.success) return [{ table: 'messages', key, value }];
      const { id, accountId, ...rest } = before.data;
      return [{ table: 'messages', key, value: { id, conversation: accountId, ...rest } }];
    },
  },
};
