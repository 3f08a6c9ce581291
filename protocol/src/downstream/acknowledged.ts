import * as z from 'zod/mini';
import { messageId } from '../ids.ts';
import { LIMITS } from '../limits.ts';

/** The messages are deleted on `copies` mailbox nodes; the others are told when they are back. */
export const acknowledged = z.object({
  type: z.literal('acknowledged'),
  ids: z.array(messageId).check(z.minLength(1), z.maxLength(LIMITS.idsPerAcknowledge)),
  copies: z.int().check(z.nonnegative()),
});
export type Acknowledged = z.infer<typeof acknowledged>;
