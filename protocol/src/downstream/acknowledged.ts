import { z } from 'zod';
import { messageId } from '../ids.ts';
import { LIMITS } from '../limits.ts';

/** The messages are deleted on `copies` mailbox nodes; the mesh brings it to the others. */
export const acknowledged = z.strictObject({
  type: z.literal('acknowledged'),
  ids: z.array(messageId).min(1).max(LIMITS.idsPerAcknowledge),
  copies: z.int().nonnegative(),
});
export type Acknowledged = z.infer<typeof acknowledged>;
