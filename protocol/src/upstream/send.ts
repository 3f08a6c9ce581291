import * as z from 'zod/mini';
import { accessToken } from '../access.ts';
import { envelopeType, payload } from '../envelope.ts';
import { accountId, deviceId, messageId } from '../ids.ts';
import { registrationId } from '../key-shapes.ts';
import { LIMITS } from '../limits.ts';

/** A message encrypted for one device. */
export const outgoingEnvelope = z.strictObject({
  deviceId,
  /** Registration id of the keys that it was encrypted for: tells a device that was set up anew. */
  registrationId,
  type: envelopeType,
  payload,
});
export type OutgoingEnvelope = z.infer<typeof outgoingEnvelope>;

/** All devices on an account's list that are there. For the sender's own account: all but the sending device. */
export const recipient = z.strictObject({
  accountId,
  envelopes: z.array(outgoingEnvelope).check(z.minLength(1), z.maxLength(LIMITS.deviceId)),
  /** What the recipient has given to those whom it lets in: without it the sender is a stranger. */
  access: z.optional(accessToken),
});
export type Recipient = z.infer<typeof recipient>;

/**
 * One message for all devices of its recipients. Answered by `accepted` or `refused` with the same id.
 * Sending it again, through any master, is the same write.
 */
export const send = z.strictObject({
  type: z.literal('send'),
  /** The client's own id of the message. */
  id: messageId,
  recipients: z.array(recipient).check(z.minLength(1), z.maxLength(LIMITS.recipientsPerSend)),
});
export type Send = z.infer<typeof send>;
