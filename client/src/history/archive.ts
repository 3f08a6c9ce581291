import { accountId, messageId, timestamp, username, type AccountId } from '@restante/protocol';
import * as z from 'zod/mini';
import { storedFile } from '../content/kinds/files.ts';
import { MAX_TIMER_SECONDS } from '../content/message-timer.ts';
import { messageReference } from '../content/parts.ts';
import { fileName, fileType } from '../files/file-name.ts';
import { MAX_FILES } from '../files/limits.ts';
import { MessengerError } from '../messenger-error.ts';
import { conversationWith, named } from '../vault/conversation-id.ts';
import type { Message } from '../vault/tables.ts';

/**
 * Messages as one own device gives them to another one: JSON, UTF-8, `{ format, v, names, messages }`, inside a blob. What a later version
 * adds to a message is ignored by who does not know it, and a message that does not fit is left out: it harms no other one (law 16).
 */

export const ARCHIVE_FORMAT = 'restante-history';
export const ARCHIVE_VERSION = 1;

const optional = z.exactOptional;
const seconds = z.int().check(z.minimum(1), z.maximum(MAX_TIMER_SECONDS));
const wording = z.object({ id: messageId, text: z.string() });

const archivedMessage = z.object({
  id: messageId,
  /** The account of the other one. */
  conversation: accountId,
  direction: z.enum(['in', 'out']),
  /** Where it stands. */
  sentAt: timestamp,
  writtenAt: optional(timestamp),
  kind: z.enum(['text', 'deleted', 'keys-changed', 'timer']),
  text: z.string(),
  timer: optional(seconds),
  expiresAt: optional(timestamp),
  files: optional(z.array(storedFile).check(z.minLength(1), z.maxLength(MAX_FILES))),
  edited: optional(z.object({ id: messageId, former: z.array(wording) })),
  replyTo: optional(messageReference),
  reactions: optional(z.record(accountId, z.object({ emoji: z.nullable(z.string()), id: messageId }))),
  starred: optional(z.object({ value: z.boolean(), id: messageId })),
  state: z.enum(['received', 'seen', 'accepted', 'delivered', 'read']),
  copies: optional(z.int().check(z.nonnegative())),
});
type ArchivedMessage = z.infer<typeof archivedMessage>;

const archive = z.object({
  format: z.literal(ARCHIVE_FORMAT),
  v: z.literal(ARCHIVE_VERSION),
  /** What accounts are called, as the giver knows. */
  names: z.record(accountId, username),
  messages: z.array(z.unknown()),
});

export type Archive = {
  readonly names: Readonly<Record<AccountId, string>>;
  readonly messages: readonly Message[];
  /** Messages that are in it and do not fit. */
  readonly unfit: number;
};

/**
 * What is given of a message, field by field, so that nothing gets out that is added to a row some day. Null: it is not given. What is on its way
 * comes by itself, what could not be sent is this device's business, and of what a device does not understand the words lie elsewhere.
 */
export const archived = (message: Message): ArchivedMessage | null => {
  const { id, conversation, direction, sentAt, writtenAt, kind, text, timer, expiresAt } = message;
  const { files, edited, replyTo, reactions, starred, state, copies } = message;
  if (state === 'queued' || state === 'failed' || kind === 'unknown') return null;
  const stored = files?.flatMap(({ blob, askedAt: _, ...file }) => (blob ? [{ ...file, blob }] : []));
  return {
    ...{ id, conversation: named(conversation).accountId, direction, sentAt, kind, text, state },
    ...(writtenAt !== undefined && { writtenAt }),
    ...(timer !== undefined && timer > 0 && { timer }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(stored && stored.length > 0 && { files: stored }),
    ...(edited && { edited: { id: edited.id, former: [...edited.former] } }),
    ...(replyTo && { replyTo }),
    ...(reactions && { reactions }),
    ...(starred && { starred }),
    ...(copies !== undefined && { copies }),
  };
};

const restored = ({ conversation, files, ...message }: ArchivedMessage): Message => ({
  ...message,
  conversation: conversationWith(conversation),
  ...(files && {
    files: files.map((file) => ({ ...file, name: fileName(file.name), type: fileType(file.type) })),
  }),
});

/** `messages`: each the JSON of an `archived` one. */
export const encodeArchive = (
  names: Readonly<Record<AccountId, string>>,
  messages: readonly string[],
): Uint8Array<ArrayBuffer> => {
  const head = JSON.stringify({ format: ARCHIVE_FORMAT, v: ARCHIVE_VERSION, names });
  return new TextEncoder().encode(`${head.slice(0, -1)},"messages":[${messages.join()}]}`);
};

/** @throws MessengerError `bad-history` for what is no archive, or one of a later version */
export const decodeArchive = (bytes: Uint8Array): Archive => {
  let given: z.infer<typeof archive>;
  try {
    given = archive.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new MessengerError('bad-history', 'this is no history, or one of a later version', { cause });
  }
  const messages = given.messages.flatMap((each) => {
    const parsed = archivedMessage.safeParse(each);
    return parsed.success ? [restored(parsed.data)] : [];
  });
  return { names: given.names, messages, unfit: given.messages.length - messages.length };
};
