import { accountId, deviceId, LIMITS, messageId, timestamp, username } from '@restante/protocol';
import * as z from 'zod/mini';

/** Version of the content inside the ciphertext. Only devices see it. */
export const CONTENT_VERSION = 1;

/** UTF-8 bytes of a text. */
export const MAX_TEXT_BYTES = 64 * 1024;

/** Bytes of an encoded content, unpadded: with padding, ratchet and base64 it stays below the payload bound. */
export const MAX_CONTENT_BYTES = 70_000;

/** Ids in one request for a fresh session. */
export const MAX_RENEWAL_IDS = 256;

/** Ids under which a content was sent before it could be decrypted. */
export const MAX_EARLIER_IDS = 8;

/** Messages in one receipt or one piece of news for own devices. */
export const MAX_REFERENCES = 500;

const v = z.literal(CONTENT_VERSION);

/** Names a message: ids are unique for their author. */
const messageReference = z.object({ author: accountId, id: messageId });
export type MessageReference = z.infer<typeof messageReference>;

/** Stored ids under which its reader could not decrypt it: it comes again, and stands for all of them. */
const earlier = z.optional(z.array(messageId).check(z.minLength(1), z.maxLength(MAX_EARLIER_IDS)));

const references = z.array(messageReference).check(z.minLength(1), z.maxLength(MAX_REFERENCES));

/** What a person wrote. `id` is its logical id: the client id it was first sent under. */
const text = z.object({
  v,
  kind: z.literal('text'),
  id: messageId,
  /** The author's username, as a hint that the reader's client verifies. */
  from: username,
  text: z.string().check(z.minLength(1)),
  replyTo: z.optional(messageReference),
  earlier,
});

/** A person's reaction to a message; a later one (by its id) replaces it, and null takes it back. */
const reaction = z.object({
  v,
  kind: z.literal('reaction'),
  id: messageId,
  target: messageReference,
  emoji: z.nullable(z.string().check(z.minLength(1), z.maxLength(64))),
  earlier,
});

/** The author takes their own message `target` back, for everyone. */
const deletion = z.object({ v, kind: z.literal('deletion'), id: messageId, target: messageId, earlier });

/** Tells the author of these messages that they have been read. */
const receipt = z.object({
  v,
  kind: z.literal('receipt'),
  state: z.literal('read'),
  ids: z.array(messageId).check(z.minLength(1), z.maxLength(MAX_REFERENCES)),
  earlier,
});

/** For the author's own other devices: the content that was sent to `to`, of whatever kind of {@link shared}. */
const sent = z.object({ v, kind: z.literal('sent'), to: accountId, content: z.unknown(), earlier });

/** Whether a person lets another one in. */
export const standing = z.enum(['accepted', 'request', 'blocked']);
export type Standing = z.infer<typeof standing>;

const verificationState = z.object({
  accountId,
  identityKeys: z.array(z.string()).check(z.maxLength(LIMITS.deviceId)),
  changed: z.boolean(),
});
export type VerificationState = z.infer<typeof verificationState>;

/** A part of what a device knows, for the new device `to`. */
const accountState = z.object({
  type: z.literal('account-state'),
  to: deviceId,
  part: z.int().check(z.nonnegative()),
  parts: z.int().check(z.positive()),
  standings: z.array(z.object({ accountId, standing })).check(z.maxLength(MAX_REFERENCES)),
  verifications: z.array(verificationState).check(z.maxLength(MAX_REFERENCES)),
  preferences: z.optional(
    z.object({ readReceipts: z.boolean(), typing: z.boolean(), presence: z.boolean() }),
  ),
});
export type AccountState = z.infer<typeof accountState>;

/** For the author's own other devices: what has been done on this one, and what it knows or wants to know. */
const sync = z.object({
  v,
  kind: z.literal('sync'),
  change: z.discriminatedUnion('type', [
    z.object({ type: z.literal('seen'), messages: references }),
    z.object({ type: z.literal('hidden'), messages: references }),
    z.object({ type: z.literal('standing'), accountId, standing }),
    /** The device `deviceId` is new since then (server's time), and wants to be told the state. */
    z.object({ type: z.literal('introduction'), deviceId, since: timestamp }),
    accountState,
  ]),
  earlier,
});

/**
 * Comes with a fresh session. Asks the device `deviceId` of the reader to send the messages `ids` again, which
 * could not be decrypted. Empty for the other devices of the reader. `repeats`: the ratchet calls some of them
 * repetitions, so that the vault that has sent them is older than what it had sent before.
 */
const sessionRenewal = z.object({
  v,
  kind: z.literal('session-renewal'),
  deviceId,
  ids: z.array(messageId).check(z.maxLength(MAX_RENEWAL_IDS)),
  repeats: z.optional(z.literal(true)),
  earlier,
});

/** Contents that are told to own devices too, as `sent`. */
export const shared = z.discriminatedUnion('kind', [text, reaction, deletion]);
export type SharedContent = z.infer<typeof shared>;

export const content = z.discriminatedUnion('kind', [
  ...shared.def.options,
  receipt,
  sent,
  sync,
  sessionRenewal,
]);
export type Content = z.infer<typeof content>;
export type TextContent = z.infer<typeof text>;
export type Reaction = z.infer<typeof reaction>;
export type Deletion = z.infer<typeof deletion>;
export type ReadReceipt = z.infer<typeof receipt>;
export type SentContent = z.infer<typeof sent>;
export type Sync = z.infer<typeof sync>;
export type SessionRenewal = z.infer<typeof sessionRenewal>;
