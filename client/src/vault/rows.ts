import { ERRORS, signedDeviceList, type ErrorCode } from '@restante/protocol';
import * as z from 'zod/mini';
import type { ConversationId } from './conversation-id.ts';
import type { TableName, Tables } from './tables.ts';

/**
 * Every table with the schema of its rows, and the version of all of them. Rows are checked where they are read: a disk may have lost half of one,
 * and a vault may have been written by other code (law 16).
 */

const text = z.string();
const number = z.number();
const conversation = text as unknown as z.ZodMiniType<ConversationId, ConversationId>;
const flag = z.boolean();
const bytes = z.instanceof(Uint8Array);
const optional = z.exactOptional;
const nullable = z.nullable;

const errorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);
const standing = z.enum(['accepted', 'request', 'blocked']);
const envelopeType = z.enum(['message', 'prekey-message']);
const reference = z.object({ author: text, id: text });
const reactions = z.record(text, z.object({ emoji: nullable(text), id: text }));
const starred = z.object({ value: flag, id: text });
const wording = z.object({ id: text, text });
const edit = z.object({ target: text, id: text });
const failure = z.union([errorCode, z.literal('keys-changed'), z.literal('file-lost')]);
const file = z.object({
  ...{ name: text, type: text, size: number, key: text },
  blob: optional(z.object({ id: text, digest: text })),
  ...{ width: optional(number), height: optional(number), seconds: optional(number) },
  ...{ preview: optional(text), waveform: optional(text), askedAt: optional(number) },
});
const ticket = z.object({ id: text, ticket: text, nodes: z.array(text), placesAt: optional(text) });
const annotation = z.object({
  reactions: optional(reactions),
  starred: optional(starred),
  edits: optional(z.array(wording)),
  state: optional(z.enum(['seen', 'delivered', 'read'])),
  seenAt: optional(number),
  deleted: optional(z.literal(true)),
  hidden: optional(z.literal(true)),
});
const messageKind = z.enum(['text', 'deleted', 'unknown', 'keys-changed', 'timer']);
const direction = z.enum(['in', 'out']);
const message = z.looseObject({
  id: text,
  conversation,
  direction,
  sentAt: number,
  writtenAt: optional(number),
  kind: messageKind,
  text,
  timer: optional(number),
  expiresAt: optional(number),
  files: optional(z.array(file)),
  edited: optional(z.object({ id: text, former: z.array(wording), failure: optional(failure) })),
  replyTo: optional(reference),
  reactions: optional(reactions),
  starred: optional(starred),
  state: z.enum(['received', 'seen', 'queued', 'accepted', 'delivered', 'read', 'failed']),
  copies: optional(number),
  failure: optional(failure),
});
const chosen = <Value extends z.ZodMiniType>(value: Value) => optional(z.object({ value, id: text }));
const profile = z.looseObject({ id: text, name: nullable(text), picture: nullable(text) });
const recipient = z.object({
  accountId: text,
  plaintext: bytes,
  envelopes: z.array(
    z.object({ deviceId: number, registrationId: number, type: envelopeType, payload: text }),
  ),
});

/** What a later version adds to a row is left as it is by who does not know it. */
const rows = {
  self: z.looseObject({
    accountId: text,
    deviceId: number,
    username: text,
    deviceSecret: text,
    registeredAt: optional(number),
  }),
  identity: z.looseObject({ registrationId: number, identityKey: text, keyPair: bytes }),
  tokens: z.looseObject({
    accountId: text,
    deviceId: number,
    username: text,
    masterToken: text,
    masterTokenExpiresAt: number,
    mailboxToken: text,
    mailboxTokenExpiresAt: number,
    mailboxNodes: z.array(text),
    masters: optional(z.array(text)),
    writeConcern: number,
    accessKey: optional(text),
    serverTime: number,
  }),
  clock: z.looseObject({ offsetMs: number, lastMessageTimeMs: number, takenUntilMs: optional(number) }),
  settledTime: z.looseObject({ settledMs: number, readingMs: number }),
  outdated: z.looseObject({ generation: number, learntAt: number }),
  keyRing: z.looseObject({
    nextKeyId: number,
    lastResortKyberPreKeyIds: z.array(number),
    signedAt: number,
  }),
  ownDevicesKnown: z.literal(true),
  introduction: z.looseObject({
    since: number,
    askedAt: nullable(number),
    heard: z.record(text, z.array(number)),
  }),
  joining: z.looseObject({ accountKey: text, generation: number, since: number }),
  newcomers: z.looseObject({ since: number, before: nullable(text), after: text }),
  leftOut: z.looseObject({ fromMs: number, toMs: number }),
  expired: number,
  preKeys: z.looseObject({ record: bytes, createdAt: number }),
  kyberUses: number,
  sessions: z.looseObject({
    record: bytes,
    registrationId: number,
    identityKey: text,
    active: flag,
    generation: number,
  }),
  accountKey: z.looseObject({ privateKey: bytes, accountKey: text }),
  deviceLists: z.extend(signedDeviceList, {
    absent: z.array(number),
    expected: optional(z.object({ generation: number, id: text })),
    leaving: optional(z.array(number)),
    successor: optional(signedDeviceList),
  }),
  verifications: z.looseObject({ accountKey: text, changed: flag }),
  preferences: z.looseObject({ readReceipts: flag, typing: flag, presence: flag }),
  standings: standing,
  standingChoices: text,
  conversationSettings: z.looseObject({
    pinned: chosen(flag),
    mutedUntil: chosen(nullable(number)),
    archivedAt: chosen(nullable(number)),
    markedUnread: chosen(flag),
    nickname: chosen(nullable(text)),
  }),
  timers: z.looseObject({ seconds: nullable(number), id: text }),
  ownProfile: profile,
  profiles: profile,
  profilesAsked: number,
  profilesAnswered: number,
  profilesDue: z.literal(true),
  accessTokens: text,
  renewals: number,
  messages: message,
  messageKeys: text,
  stars: z.literal(true),
  expiries: text,
  putAway: message,
  confirmedTime: number,
  annotations: z.record(text, annotation),
  unknownContents: z.looseObject({
    senderId: text,
    senderDeviceId: number,
    sentAt: number,
    plaintext: bytes,
  }),
  requests: text,
  uploads: z.looseObject({
    despiteKeys: flag,
    tickets: z.record(text, ticket),
    paused: optional(z.literal(true)),
  }),
  keptFiles: z.looseObject({ author: text, message: text }),
  dueFiles: z.looseObject({
    ...{ author: text, message: text, index: number, tellsOther: flag },
    ticket: optional(ticket),
  }),
  storedAgain: z.looseObject({ sinceMs: number, bytes: number }),
  historyDue: z.looseObject({ before: nullable(text) }),
  history: z.looseObject({
    state: z.enum(['running', 'paused', 'done']),
    from: nullable(number),
    place: nullable(text),
    askedAt: nullable(number),
    open: nullable(z.object({ place: nullable(text), heard: z.array(number) })),
    failure: optional(z.literal('bad-history')),
    ...{ asks: number, isTold: flag, kept: number, messages: number, total: number },
    without: z.array(conversation),
    parts: z.array(
      z.object({
        before: nullable(text),
        archive: z.object({ blob: text, key: text, digest: text, size: number }),
      }),
    ),
  }),
  sentIds: z.looseObject({
    messageKey: nullable(text),
    edit: optional(edit),
    contents: nullable(
      z.object({
        ownCopy: nullable(bytes),
        to: nullable(z.object({ accountId: text, plaintext: bytes })),
      }),
    ),
    earlier: z.array(text),
    sentAgain: optional(z.array(text)),
  }),
  conversations: z.looseObject({
    id: conversation,
    username: nullable(text),
    former: optional(nullable(z.enum(['gone', 'renamed']))),
    standing,
    unread: number,
    lastMessageAt: number,
    preview: nullable(z.object({ id: text, kind: messageKind, direction, text, timer: optional(number) })),
    unreadable: number,
    draft: text,
    verification: z.enum(['none', 'verified', 'changed']),
    settings: z.looseObject({
      pinned: flag,
      mutedUntil: nullable(number),
      archivedAt: nullable(number),
      markedUnread: flag,
      nickname: nullable(text),
    }),
    timer: optional(nullable(number)),
    profile: optional(z.looseObject({ name: nullable(text), picture: nullable(text) })),
  }),
  outbox: z.looseObject({
    recipients: z.array(recipient),
    ownCopy: nullable(bytes),
    renew: z.array(number),
    messageKey: nullable(text),
    despiteKeys: optional(flag),
    takesBack: optional(text),
    edit: optional(edit),
  }),
  seenIds: z.literal(true),
  pendingDeletes: z.looseObject({
    senderId: text,
    senderDeviceId: number,
    receipt: flag,
    deleted: flag,
    held: optional(z.literal(true)),
  }),
  owedDeletes: z.literal(true),
  setAside: z.looseObject({
    senderId: text,
    senderDeviceId: number,
    sentAt: number,
    requested: flag,
    repeats: optional(z.literal(true)),
  }),
  unfitRows: z.looseObject({ table: text, key: text, value: z.unknown() }),
};
export const ROWS: { readonly [N in TableName]: z.ZodMiniType<Tables[N]> } = rows;

type Writable<T> = T extends Uint8Array
  ? Uint8Array<ArrayBuffer>
  : T extends string
    ? T
    : T extends readonly (infer E)[]
      ? Writable<E>[]
      : T extends object
        ? { -readonly [K in keyof T]: Writable<T[K]> }
        : T;

/** Tables whose rows, as they are written, would not fit when they are read. */
export type UnreadableTables = {
  [N in TableName]: Writable<Tables[N]> extends z.input<(typeof rows)[N]> ? never : N;
}[TableName];

export const TABLES = Object.keys(ROWS) as TableName[];

/** Of the first version there is no fingerprint. */
type VaultVersion = { readonly version: number; readonly fingerprint?: string; readonly change: string };

/**
 * A change to any table changes the fingerprint, and `rows.test.ts` fails until a line is added here, and to `migrations/` the way from the
 * version before. Version 1 is opened as one of version 2 that lacks tables.
 */
export const VAULT_HISTORY: readonly VaultVersion[] = [
  { version: 2, change: 'first version that is opened' },
  {
    version: 3,
    fingerprint: '1f46cb77cb8c1bb7',
    change: 'each session has its generation; a conversation has an id; rows that do not fit are kept aside',
  },
  { version: 4, fingerprint: '53926f0e2253162a', change: 'deletions that are owed to some of the nodes' },
  { version: 5, fingerprint: '53926f0e2253162a', change: 'rows may be sealed' },
  {
    version: 6,
    fingerprint: '02302c20d6824972',
    change:
      'account key and device lists; contacts are verified by their account keys; what accounts give to whom they let in; errors of protocol version 5',
  },
  { version: 7, fingerprint: '42d033a3a9962fb0', change: 'the servers that the last session named' },
  { version: 8, fingerprint: '31c6ab5b62e1e22f', change: 'what went out without a device that is on a list' },
  { version: 9, fingerprint: '92a3614d5e022e49', change: 'edits of texts' },
  { version: 10, fingerprint: '9d55df3054934f1a', change: 'files of messages' },
  { version: 11, fingerprint: '2285ac387994d7fb', change: 'how conversations are set up' },
  { version: 12, fingerprint: '819c522b3f080a96', change: 'profiles' },
  {
    version: 13,
    fingerprint: 'fb5b6c31ec23a40a',
    change: 'files that are asked for and stored again; messages that disappear; starred messages',
  },
  {
    version: 14,
    fingerprint: '0ddfc1de517b3873',
    change:
      'messages from other own devices; choices of who is let in; where places of parts are; devices that another one has linked',
  },
];

export const VAULT_VERSION = 14;

/** A row as it was read, if it fits its table; a missing one does not. */
export const readRow = <T extends TableName>(table: T, value: unknown): Tables[T] | undefined => {
  const parsed = ROWS[table].safeParse(value);
  return parsed.success ? parsed.data : undefined;
};
