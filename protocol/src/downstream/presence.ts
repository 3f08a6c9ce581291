import * as z from 'zod/mini';
import { accountId } from '../ids.ts';

/** The most present of the account's devices that show themselves to this one. */
export const presenceDown = z.object({
  type: z.literal('presence'),
  accountId,
  state: z.enum(['online', 'away', 'offline']),
});
export type PresenceDown = z.infer<typeof presenceDown>;
