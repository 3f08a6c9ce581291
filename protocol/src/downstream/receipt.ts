import * as z from 'zod/mini';
import { accountId, deviceId, messageId } from '../ids.ts';
import { LIMITS } from '../limits.ts';

/** A recipient's device has kept messages of this device. */
export const receipt = z.object({
  type: z.literal('receipt'),
  accountId,
  deviceId,
  ids: z.array(messageId).check(z.minLength(1), z.maxLength(LIMITS.idsPerAcknowledge)),
});
export type Receipt = z.infer<typeof receipt>;
