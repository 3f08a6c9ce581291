import * as z from 'zod/mini';
import { envelope } from '../envelope.ts';

/** A live message. It is in the mailbox too, or will be in a moment, until it is acknowledged. */
export const envelopeFrame = z.object({ type: z.literal('envelope'), envelope });
export type EnvelopeFrame = z.infer<typeof envelopeFrame>;
