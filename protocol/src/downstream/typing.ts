import * as z from 'zod/mini';
import { accountId } from '../ids.ts';

export const typingDown = z.object({
  type: z.literal('typing'),
  accountId,
  active: z.boolean(),
});
export type TypingDown = z.infer<typeof typingDown>;
