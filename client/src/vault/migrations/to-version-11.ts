import * as z from 'zod/mini';
import type { Migration } from './migration.ts';

const conversation = z.looseObject({ id: z.string() });
/** Nothing had been chosen. */
const settings = { pinned: false, mutedUntil: null, archivedAt: null, markedUnread: false, nickname: null };

/** Conversations can be set up. */
export const toVersion11: Migration = {
  version: 11,
  rows: {
    conversations: (key, value) => {
      const before = conversation.safeParse(value);
      const after = before.success ? { ...before.data, settings } : value;
      return [{ table: 'conversations', key, value: after }];
    },
  },
};
