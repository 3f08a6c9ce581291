import * as z from 'zod/mini';
import { accountId, base64, deviceId, messageId, timestamp } from './ids.ts';
import { LIMITS } from './limits.ts';

/** How to read a payload: a ratchet message, or one that also starts a session. */
export const envelopeType = z.enum(['message', 'prekey-message']);
export type EnvelopeType = z.infer<typeof envelopeType>;

export const payload = base64(LIMITS.payloadBytes);

/** What an envelope is in a mailbox, beside the id of its document. */
export const envelopeFields = {
  senderId: accountId,
  senderDeviceId: deviceId,
  /** The time in its id. */
  sentAt: timestamp,
  expiresAt: timestamp,
  type: envelopeType,
  payload,
};

/** An envelope as its recipient gets it, pushed or read: the mailbox is known, so it is not named. */
export const envelope = z.object({ id: messageId, ...envelopeFields });
export type Envelope = z.infer<typeof envelope>;

/** An envelope as a master hands it to the mailbox nodes. `sentAt` is the time in `id`. */
export const storedEnvelope = z.strictObject({
  /** Mailbox: account and device of the recipient. */
  accountId,
  deviceId,
  id: messageId,
  senderId: accountId,
  senderDeviceId: deviceId,
  expiresAt: timestamp,
  type: envelopeType,
  payload,
  /** The recipient has not let the sender in, as far as the master knows. Absent: it has. Kept nowhere. */
  stranger: z.exactOptional(z.boolean()),
});
export type StoredEnvelope = z.infer<typeof storedEnvelope>;
