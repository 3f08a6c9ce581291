import * as z from 'zod/mini';
import { accountId, deviceId, messageId } from '../ids.ts';
import { LIMITS } from '../limits.ts';

/**
 * This device has durably kept the messages; the cluster forgets them and answers with `acknowledged`. Each sender
 * that is connected gets a `receipt`, unless `receipts` is false.
 */
export const acknowledge = z.strictObject({
  type: z.literal('acknowledge'),
  receipts: z.boolean(),
  messages: z
    .array(z.strictObject({ id: messageId, senderId: accountId, senderDeviceId: deviceId }))
    .check(z.minLength(1), z.maxLength(LIMITS.idsPerAcknowledge)),
});
export type Acknowledge = z.infer<typeof acknowledge>;
