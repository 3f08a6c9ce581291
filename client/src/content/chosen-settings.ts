import { messageId, timestamp } from '@restante/protocol';
import * as z from 'zod/mini';
import { MAX_NICKNAME_LENGTH } from './conversation-settings.ts';

const chosen = <Value extends z.ZodMiniType>(value: Value) =>
  z.exactOptional(z.object({ value, id: messageId }));

/** See `ChosenSettings`. */
export const chosenSettings = z.object({
  pinned: chosen(z.boolean()),
  mutedUntil: chosen(z.nullable(timestamp)),
  archivedAt: chosen(z.nullable(timestamp)),
  markedUnread: chosen(z.boolean()),
  nickname: chosen(z.nullable(z.string().check(z.minLength(1), z.maxLength(MAX_NICKNAME_LENGTH)))),
});
