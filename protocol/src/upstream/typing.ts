import * as z from 'zod/mini';
import { accountId } from '../ids.ts';

/** Passed on to the connected devices of `to` that take it from this account; never stored, never answered. */
export const typingUp = z.strictObject({
  type: z.literal('typing'),
  to: accountId,
  active: z.boolean(),
});
export type TypingUp = z.infer<typeof typingUp>;
