import * as z from 'zod/mini';

/** Answered by `pong`: browsers can neither send nor see WebSocket ping frames. */
export const ping = z.strictObject({ type: z.literal('ping') });
