import { LIMITS, messageTime, type AccountId } from '@restante/protocol';
import { begun } from '../content/expiry.ts';
import { annotated, isLater, mergeAnnotations, queuedAgain } from './annotations.ts';
import type { MessageReference, Standing } from '../content/parts.ts';
import type { Conversations } from './conversations.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import { isPreviewed, previewOf, withMessage, withNewestRow } from './preview.ts';
import type { SentMessages } from '../sending/outbox.ts';
import { isAfter, standingAt } from './standing-at.ts';
import { readSettledTime } from '../vault/settled-time.ts';
import { expiryKey, noteExpiry } from '../vault/expiry-index.ts';
import { annotationKey, authoredKey, keyOfMessage, messageKey, messageKeyAt } from '../vault/keys.ts';
import { conversationWith, type ConversationId } from '../vault/conversation-id.ts';
import type { Transaction } from '../vault/store.ts';
import { ONLY, type Annotation, type Message, type MessageFile } from '../vault/tables.ts';

/** A message and the key of its row. */
export type MessageRow = { readonly key: string; readonly message: Message };

/** The conversations in the vault, inside a transaction. */
export type Messages = SentMessages & {
  /**
   * Keeps a message once, with what has been said about it before it came: false when its author has sent it before, or
   * it has been deleted here. Answers with the key of its row. `earliest`: as far back it may stand before what its author wrote
   * after it.
   */
  readonly add: (
    transaction: Transaction,
    author: AccountId,
    message: Message,
    earliest?: number,
  ) => Promise<{ readonly key: string; readonly added: boolean }>;
  /** Keeps a message that another own device has had for long, where it stood there, as `add` does; nobody is told of it as of a new one. */
  readonly restore: (transaction: Transaction, author: AccountId, message: Message) => Promise<void>;
  /** A message that has failed goes back to `queued`; of an edit that has it is told no more. */
  readonly requeue: (transaction: Transaction, row: MessageRow) => Promise<Message>;
  /**
   * Says something about a message of a conversation; it waits for the message when that has not come yet. Answers
   * whether a row has changed.
   */
  readonly annotate: (
    transaction: Transaction,
    conversation: ConversationId,
    target: MessageReference,
    annotation: Annotation,
  ) => Promise<boolean>;
  /** The row of a message in a conversation, unless there is none. */
  readonly find: (
    transaction: Transaction,
    conversation: ConversationId,
    target: MessageReference,
  ) => Promise<MessageRow | null>;
  /** Takes a row away; its message does not come back. */
  readonly remove: (transaction: Transaction, row: MessageRow, author: AccountId) => Promise<void>;
  /** Takes a row out of sight: its time may be over. */
  readonly putAway: (transaction: Transaction, row: MessageRow, author: AccountId) => Promise<void>;
  /** What was put away is shown again: its time is not over. */
  readonly bringBack: (transaction: Transaction, key: string, author: AccountId) => Promise<void>;
  /** What was put away is gone. */
  readonly forgetPutAway: (transaction: Transaction, key: string) => Promise<void>;
  /** So many more messages of a conversation wait for coming again. */
  readonly countUnreadable: (
    transaction: Transaction,
    conversation: ConversationId,
    change: number,
  ) => Promise<void>;
};

/** The newest messages of a conversation: in one read, and as far as they are looked at. */
const NEWEST_PAGE = 16;
const MOST_NEWEST = 512;

/** Writing to somebody lets them in; a blocked one only by a decision of its own. */
const standingAfter = (standing: Standing, { direction }: Message): Standing =>
  direction === 'out' && standing === 'request' ? 'accepted' : standing;

/** Keeps where starred messages are found, when the row of one comes, changes or goes. */
const keepStar = (
  transaction: Transaction,
  key: string,
  before: Message | null,
  after: Message | null,
): void => {
  const [was, is] = [before, after].map((message) => message?.starred?.value ?? false);
  if (is && !was) transaction.put('stars', key, true);
  if (was && !is) transaction.delete('stars', key);
};

export type MessagesDeps = {
  readonly events: MessengerEventSource;
  readonly conversations: Conversations;
  /** Milliseconds since 1970, server's clock. */
  readonly now: () => number;
  /** Whether this time has surely come. */
  readonly hasPassed: (timeMs: number) => boolean;
  /** A message disappears at this time. */
  readonly onExpiry: (expiresAt: number) => void;
  /** A message with these files is gone or taken back, or out of sight. */
  readonly onFilesGone: (files: readonly MessageFile[]) => void;
};

export const createMessages = ({
  events,
  conversations,
  now,
  hasPassed,
  onExpiry,
  onFilesGone,
}: MessagesDeps): Messages => {
  /** Notes when a message disappears that has become of `before`. */
  const note = (transaction: Transaction, author: AccountId, message: Message, before?: Message): void => {
    const { expiresAt } = message;
    if (noteExpiry(transaction, author, message, before) && expiresAt !== undefined)
      transaction.afterCommit(() => onExpiry(expiresAt));
  };

  const noteFilesGone = (transaction: Transaction, { files }: Message): void => {
    if (files !== undefined) transaction.afterCommit(() => onFilesGone(files));
  };

  /** Keeps what has become of a message, here and in its conversation. */
  const replace = async (
    transaction: Transaction,
    { key, message }: MessageRow,
    by: Message,
  ): Promise<void> => {
    transaction.put('messages', key, by);
    keepStar(transaction, key, message, by);
    if (by.kind === 'deleted') noteFilesGone(transaction, message);
    transaction.afterCommit(() => events.emit('message-changed', by));
    const isRead = message.state === 'received' && by.state === 'seen';
    if (!isRead && by.kind === message.kind && by.text === message.text) return;
    const conversation = await conversations.of(transaction, by.conversation, 'other');
    conversations.keep(transaction, {
      ...conversation,
      unread: Math.max(0, conversation.unread - (isRead ? 1 : 0)),
      preview: isPreviewed(conversation, by) ? previewOf(by) : conversation.preview,
    });
  };

  const remove: Messages['remove'] = async (transaction, { key, message }, author) => {
    transaction.delete('messages', key);
    keepStar(transaction, key, message, null);
    if (message.kind === 'unknown') transaction.delete('unknownContents', message.id);
    const { conversation, id } = message;
    transaction.afterCommit(() => events.emit('message-removed', { conversation, author, id }));
    noteFilesGone(transaction, message);
    const row = await conversations.of(transaction, conversation, 'other');
    const unread = Math.max(0, row.unread - (message.state === 'received' ? 1 : 0));
    const last = isPreviewed(row, message) ? await withNewestRow(transaction, row) : row;
    conversations.keep(transaction, { ...last, unread });
  };

  /** Nobody sees it now; should it come back, this holds. */
  const annotatePutAway = async (
    transaction: Transaction,
    key: string,
    annotation: Annotation,
  ): Promise<void> => {
    const message = await transaction.get('putAway', key);
    if (message === undefined) return;
    if (annotation.hidden) transaction.delete('putAway', key);
    else transaction.put('putAway', key, annotated(message, annotation));
  };

  /**
   * What is said of a message that can come no more is not kept, unless a clock may be wrong (law 15), or another own device gives those that
   * it has.
   */
  const wait = async (
    transaction: Transaction,
    conversation: ConversationId,
    { author, id }: MessageReference,
    annotation: Annotation,
  ): Promise<void> => {
    const { settledMs, readingMs } = await readSettledTime(transaction);
    const timeMs = messageTime(id);
    const isTaking = (await transaction.get('history', ONLY))?.state === 'running';
    if (timeMs < settledMs - LIMITS.messageTtlMs && !isTaking) return;
    if (timeMs > Math.max(now(), readingMs) + LIMITS.messageTtlMs) return;
    const key = annotationKey(author, id);
    const waiting = (await transaction.get('annotations', key)) ?? {};
    const merged = mergeAnnotations(waiting[conversation] ?? {}, annotation);
    transaction.put('annotations', key, { ...waiting, [conversation]: merged });
  };

  /** What was said about a message before it came. Own devices speak of own messages under their own account. */
  const takeWaiting = async (
    transaction: Transaction,
    author: AccountId,
    { id, conversation }: Message,
  ): Promise<Annotation> => {
    const key = annotationKey(author, id);
    const waiting = await transaction.get('annotations', key);
    if (waiting === undefined) return {};
    transaction.delete('annotations', key);
    return mergeAnnotations(waiting[conversation] ?? {}, waiting[conversationWith(author)] ?? {});
  };

  /**
   * Where a message stands: behind what its author had written before it. That may stand where it arrived, and so later than this one says;
   * or ahead, as the clock of the master was when it came. An id from further ahead than masters take was given up for another one,
   * which nobody else knows: among those, and before what stands ahead too, what came first was written first. And before what its author
   * wrote after it and that came first, unless it cannot have arrived by then.
   */
  const standingTime = async (
    transaction: Transaction,
    message: Message,
    earliest = message.sentAt,
  ): Promise<number> => {
    const { conversation, direction, id, sentAt, writtenAt: said = sentAt } = message;
    const isAhead = said > sentAt;
    // Its author gave this id up for another one: it does not say what was written before it.
    const isGivenUp = !isAhead && messageTime(id) > said;
    const { preview, lastMessageAt } = (await transaction.get('conversations', conversation)) ?? {};
    if (direction === 'out' || isGivenUp || !preview || lastMessageAt === undefined) return sentAt;
    if (lastMessageAt < sentAt && preview.direction === direction && preview.id < id) return sentAt;
    const givenUpFrom = isAhead ? said + LIMITS.clockSkewMs : Infinity;
    const after = messageKeyAt(conversation, Math.min(sentAt, earliest));
    let before = messageKeyAt(conversation, Math.max(sentAt, lastMessageAt) + 1);
    let latest = sentAt;
    for (let seen = 0; seen < MOST_NEWEST; seen += NEWEST_PAGE) {
      const rows = await transaction.list('messages', { after, before, limit: NEWEST_PAGE, reverse: true });
      for (const { value } of rows) {
        if (value.direction !== direction) continue;
        if (value.id < id) return Math.max(latest, value.sentAt);
        if (messageTime(value.id) > givenUpFrom) return Math.max(latest, value.sentAt + 1);
        if (isAfter(value, said)) latest = Math.min(latest, value.sentAt);
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < NEWEST_PAGE) break;
      before = last.key;
    }
    return latest;
  };

  /** Keeps one that is not known yet where it stands, with what has been said of it. Null: it is not to be shown. */
  const place = async (
    transaction: Transaction,
    author: AccountId,
    written: Message,
  ): Promise<Message | null> => {
    const key = keyOfMessage(written);
    transaction.put('messageKeys', authoredKey(author, written.id), key);
    const annotation = await takeWaiting(transaction, author, written);
    if (annotation.hidden) return null;
    const message = annotated(written, annotation);
    // Its time was over before it came.
    if (message.expiresAt !== undefined && hasPassed(message.expiresAt)) return null;
    note(transaction, author, message);
    transaction.put('messages', key, message);
    keepStar(transaction, key, null, message);
    const by = message.direction === 'out' ? 'self' : 'other';
    const conversation = await conversations.of(transaction, message.conversation, by);
    conversations.keep(transaction, {
      ...withMessage(conversation, message),
      standing: standingAfter(conversation.standing, message),
      unread: conversation.unread + (message.state === 'received' ? 1 : 0),
    });
    return message;
  };

  return {
    add: async (transaction, author, told, earliest) => {
      const existing = await transaction.get('messageKeys', authoredKey(author, told.id));
      if (existing !== undefined) return { key: existing, added: false };
      const written = standingAt(told, await standingTime(transaction, told, earliest));
      const message = await place(transaction, author, written);
      if (message !== null) transaction.afterCommit(() => events.emit('message', message));
      return { key: keyOfMessage(written), added: message !== null };
    },
    restore: async (transaction, author, message) => {
      if ((await transaction.get('messageKeys', authoredKey(author, message.id))) === undefined)
        await place(transaction, author, message);
    },
    advance: async (transaction, author, key, state, { wentOutAt, ...detail } = {}) => {
      const message = await transaction.get('messages', key);
      if (message === undefined) return;
      // A receipt may be faster than `accepted`; how many copies there are is news all the same.
      const isLate = !isLater(state, message.state);
      if (isLate && detail.copies === undefined) return;
      const moved = { ...message, ...detail, state: isLate ? message.state : state };
      const advanced = wentOutAt === undefined ? moved : begun(moved, wentOutAt);
      note(transaction, author, advanced, message);
      await replace(transaction, { key, message }, advanced);
    },
    requeue: async (transaction, row) => {
      const queued = queuedAgain(row.message);
      await replace(transaction, row, queued);
      return queued;
    },
    annotate: async (transaction, conversation, target, annotation) => {
      const key = await transaction.get('messageKeys', authoredKey(target.author, target.id));
      if (key === undefined) {
        await wait(transaction, conversation, target, annotation);
        return false;
      }
      const message = await transaction.get('messages', key);
      if (message === undefined) {
        await annotatePutAway(transaction, key, annotation);
        return false;
      }
      const row = { key, message };
      if (annotation.hidden) {
        await remove(transaction, row, target.author);
        return true;
      }
      // Own devices speak of own messages under their own account, and are believed.
      if (message.conversation !== conversation && annotation.starred === undefined) return false;
      const changed = annotated(message, annotation);
      if (changed === message) return false;
      note(transaction, target.author, changed, message);
      await replace(transaction, row, changed);
      return true;
    },
    move: async (transaction, author, key, sentAt) => {
      const message = await transaction.get('messages', key);
      if (message === undefined) return key;
      const { id, direction } = message;
      const moved = messageKey(message.conversation, sentAt, id, direction);
      transaction.delete('messages', key);
      transaction.put('messages', moved, { ...message, sentAt });
      keepStar(transaction, key, message, null);
      keepStar(transaction, moved, null, message);
      transaction.put('messageKeys', authoredKey(author, id), moved);
      const conversation = await conversations.of(transaction, message.conversation, 'other');
      if (isPreviewed(conversation, message))
        conversations.keep(transaction, await withNewestRow(transaction, conversation));
      return moved;
    },
    find: async (transaction, conversation, { author, id }) => {
      const key = await transaction.get('messageKeys', authoredKey(author, id));
      const message = key === undefined ? undefined : await transaction.get('messages', key);
      return key !== undefined && message?.conversation === conversation ? { key, message } : null;
    },
    remove,
    putAway: async (transaction, row, author) => {
      const { id, expiresAt } = row.message;
      if (expiresAt === undefined) return;
      await remove(transaction, row, author);
      transaction.put('putAway', row.key, row.message);
      transaction.put('expiries', expiryKey('away', expiresAt, author, id), authoredKey(author, id));
    },
    bringBack: async (transaction, key, author) => {
      const back = await transaction.get('putAway', key);
      if (back === undefined) return;
      transaction.delete('putAway', key);
      transaction.put('messages', key, back);
      keepStar(transaction, key, null, back);
      note(transaction, author, back);
      const conversation = await conversations.of(transaction, back.conversation, 'other');
      conversations.keep(transaction, withMessage(conversation, back));
      transaction.afterCommit(() => events.emit('message', back));
    },
    forgetPutAway: async (transaction, key) => {
      const message = await transaction.get('putAway', key);
      if (message === undefined) return;
      transaction.delete('putAway', key);
      noteFilesGone(transaction, message);
    },
    noteNotTakenBack: async (transaction, self, id, failure) => {
      const key = await transaction.get('messageKeys', authoredKey(self, id));
      const message = key === undefined ? undefined : await transaction.get('messages', key);
      if (key === undefined || message?.kind !== 'deleted') return;
      await replace(transaction, { key, message }, { ...message, failure });
    },
    noteNotEdited: async (transaction, self, { target, id }, failure) => {
      const key = await transaction.get('messageKeys', authoredKey(self, target));
      const message = key === undefined ? undefined : await transaction.get('messages', key);
      // A later edit says nothing of this one.
      if (key === undefined || message?.edited?.id !== id) return;
      await replace(transaction, { key, message }, { ...message, edited: { ...message.edited, failure } });
    },
    countUnreadable: async (transaction, conversation, change) => {
      const row = await conversations.of(transaction, conversation, 'other');
      conversations.keep(transaction, { ...row, unreadable: Math.max(0, row.unreadable + change) });
    },
  };
};
