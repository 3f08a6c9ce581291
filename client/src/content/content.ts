import { accountId, deviceId, messageId, username } from '@restante/protocol';
import { z } from 'zod';

/** Version of the content inside the ciphertext. Only devices see it. */
export const CONTENT_VERSION = 1;

/** UTF-8 bytes of a text: with wrapper, padding and base64 it stays below the payload bound. */
export const MAX_TEXT_BYTES = 32 * 1024;

/** Ids in one request for a fresh session. */
export const MAX_RENEWAL_IDS = 256;

const v = z.literal(CONTENT_VERSION);

/** What a person wrote. `id` is its logical id: the client id it was first sent under. */
const text = z.object({
  v,
  kind: z.literal('text'),
  id: messageId,
  /** The author's username, as a hint that the reader's client verifies. */
  from: username,
  text: z.string().min(1),
});

/** For the author's own other devices: what was sent to `to`. */
const sent = z.object({ v, kind: z.literal('sent'), to: accountId, id: messageId, text: z.string().min(1) });

/**
 * Comes with a fresh session. Asks the device `deviceId` of the reader to send the messages `ids` again, which
 * could not be decrypted. Empty for the other devices of the reader.
 */
const sessionRenewal = z.object({
  v,
  kind: z.literal('session-renewal'),
  deviceId,
  ids: z.array(messageId).max(MAX_RENEWAL_IDS),
});

export const content = z.discriminatedUnion('kind', [text, sent, sessionRenewal]);
export type Content = z.infer<typeof content>;
export type TextContent = z.infer<typeof text>;
export type SentContent = z.infer<typeof sent>;
export type SessionRenewal = z.infer<typeof sessionRenewal>;
