import * as z from 'zod/mini';
import { accountId } from '../ids.ts';

export const typingDown = z.strictObject({
  type: z.literal('typing'),
  accountId,
  active: z.boolean(),
});
export type TypingDown = z.infer<typeof typingDown>;
