import * as z from 'zod/mini';
import { accountId } from '../ids.ts';
import { LIMITS } from '../limits.ts';

/**
 * Says to whom this device shows that it is there. Replaces what it said before; the audience is also told
 * `offline` when the connection ends. Nobody else learns of it. And from whom this device takes presence and `typing`: from nobody,
 * until it has said so.
 */
export const presenceUp = z.strictObject({
  type: z.literal('presence'),
  state: z.enum(['online', 'away']),
  to: z.array(accountId).check(z.maxLength(LIMITS.presenceAudience)),
  /** From whom it takes them. Absent: from those to whom it shows itself. */
  from: z.optional(z.array(accountId).check(z.maxLength(LIMITS.presenceAudience))),
});
export type PresenceUp = z.infer<typeof presenceUp>;
