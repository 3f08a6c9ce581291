import * as z from 'zod/mini';
import { errorBody } from '../errors.ts';
import { messageId } from '../ids.ts';

/** The `send` with this id was not accepted. */
export const refused = z.object({
  type: z.literal('refused'),
  id: messageId,
  error: errorBody,
});
export type Refused = z.infer<typeof refused>;
