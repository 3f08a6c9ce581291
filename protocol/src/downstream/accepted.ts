import * as z from 'zod/mini';
import { messageId } from '../ids.ts';

/** Every envelope of the `send` with this id is on the disks of at least `copies` mailbox nodes (law 1). */
export const accepted = z.object({
  type: z.literal('accepted'),
  id: messageId,
  /** The id that it is stored and pushed under. */
  messageId,
  copies: z.int().check(z.positive()),
});
export type Accepted = z.infer<typeof accepted>;
