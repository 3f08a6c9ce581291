import * as z from 'zod/mini';

/** Live messages were left out, because this socket was too slow, or may have been lost between two masters: read the mailbox. */
export const catchUp = z.object({ type: z.literal('catch-up') });
export type CatchUp = z.infer<typeof catchUp>;
