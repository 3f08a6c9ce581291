import { LIMITS, messageTime, type MessageId } from '@restante/protocol';
import type { ServerClock } from '../server/clock.ts';
import { addressed } from '../content/addressed.ts';
import { isEditable } from '../content/editable.ts';
import { editContent, isInTime } from '../content/kinds/edit.ts';
import { textContent, writtenContent } from '../content/kinds/text.ts';
import { isBlank } from '../content/blank-text.ts';
import { checkContent, encodeContent } from '../content/codec.ts';
import { CONTENT_VERSION, MAX_REFERENCES, type MessageReference } from '../content/parts.ts';
import type { SharedContent } from '../content/shared.ts';
import { checkLength } from '../content/text-length.ts';
import type { Conversations } from './conversations.ts';
import type { Device } from '../account/device.ts';
import { prefetchMessages } from './prefetch-messages.ts';
import { MessengerError } from '../messenger-error.ts';
import type { MessageRow, Messages } from './messages.ts';
import type { Composer, Draft } from '../sending/compose.ts';
import { givenTo } from '../sending/given-to.ts';
import { tellOwnDevices } from '../sending/own-sync.ts';
import { checkKeys } from '../sending/verification.ts';
import { checkRequestId } from './request-id.ts';
import { timerOf } from './timing.ts';
import { unreadUpTo } from './unread.ts';
import { named, type ConversationId } from '../vault/conversation-id.ts';
import type { Store, Transaction } from '../vault/store.ts';
import type { EditReference, Message } from '../vault/tables.ts';

export type TextOptions = {
  readonly replyTo?: MessageReference;
  /** A UUIDv7 of the caller: a second call with the same one sends nothing, and answers with the message of the first. */
  readonly requestId?: string;
  /** Sends also when a verified contact has keys that nobody has verified: throws `keys-changed` otherwise. */
  readonly despiteKeys?: boolean;
  /** What is left of the conversation's draft, kept together with the message. */
  readonly draft?: string;
};

/** What a person does in a conversation. All of it is durable when the promise resolves, and goes out when it can. */
export type Conversing = {
  /**
   * Queues a text for a username or a conversation; `message-changed` events tell how far it gets. A username that was
   * never written to is looked up, which needs a master.
   */
  readonly sendText: (to: string, text: string, options?: TextOptions) => Promise<Message>;
  /**
   * Says an own text in other words, for a day after it was written; others see that, and what it said before. One that is still on
   * its way goes out as it was written, and the edit behind it. It lets nobody in.
   */
  readonly editText: (
    conversation: ConversationId,
    id: MessageId,
    text: string,
    options?: Pick<TextOptions, 'despiteKeys'>,
  ) => Promise<Message>;
  /** One reaction of a person to a message: another one replaces it, null takes it back. */
  readonly react: (
    conversation: ConversationId,
    target: MessageReference,
    emoji: string | null,
  ) => Promise<void>;
  /** These messages go from all devices of this account, and never come back. Others keep them. */
  readonly deleteForMe: (conversation: ConversationId, targets: readonly MessageReference[]) => Promise<void>;
  /** Takes an own message back: it becomes `deleted` on all devices that get to know of it. One whose files are not all stored yet just goes. */
  readonly deleteForEveryone: (conversation: ConversationId, id: MessageId) => Promise<void>;
  /** Sends an own message that has failed again, or its edit; what has not is left as it is. */
  readonly retry: (conversation: ConversationId, id: MessageId) => Promise<Message>;
  /** Says that a person has seen these incoming messages: own devices and their authors are told. */
  readonly markRead: (messages: readonly Message[]) => Promise<void>;
  /** The same of this incoming message and all before it in its conversation. */
  readonly markReadUpTo: (message: Message) => Promise<void>;
};

export type ConversingDeps = {
  readonly store: Store;
  readonly device: Device;
  readonly clock: ServerClock;
  readonly messages: Messages;
  readonly composer: Composer;
  /** The conversation with the account of a username, or a conversation itself. */
  readonly resolve: (to: string) => Promise<ConversationId>;
  /** What writing into a conversation asks for and means. */
  readonly admitWriting: (
    transaction: Transaction,
    conversation: ConversationId,
    despiteKeys: boolean,
  ) => Promise<void>;
  /** What tells the author of these messages that they have been read, unless nothing may. */
  readonly readReceipt: (
    transaction: Transaction,
    conversation: ConversationId,
    seen: readonly Message[],
  ) => Promise<Draft['to']>;
  readonly conversations: Conversations;
  /** Something has been put into the outbox. */
  readonly pump: () => void;
  /** Files are to be stored, or no more. */
  readonly onUpload: () => void;
  /** Resolves when the vault has been read; rejects when it has no account. */
  readonly registered: () => Promise<void>;
  /** The same, and the time is known. Whoever asks first goes on first. */
  readonly ready: () => Promise<void>;
};

const v = CONTENT_VERSION;

/** A file that is stored for as long as this is not sent again as it is: it would be gone before the message is. */
const STORED_LONG_ENOUGH_MS = LIMITS.messageTtlMs / 4;

const checkText = (text: string): void => {
  if (isBlank(text)) throw new MessengerError('bad-text', 'a text has something to be seen');
  checkLength(text);
};

const pagesOf = <T>(all: readonly T[]): (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / MAX_REFERENCES) }, (_, page) =>
    all.slice(page * MAX_REFERENCES, (page + 1) * MAX_REFERENCES),
  );

type SendingOptions = {
  readonly id?: MessageId;
  readonly shows?: string | null;
  readonly despiteKeys?: boolean;
  readonly takesBack?: MessageId;
  readonly edit?: EditReference;
};

export const createConversing = (deps: ConversingDeps): Conversing => {
  const { store, device, clock, messages, composer, pump, ready } = deps;

  /** One transaction for what changes here and what others are told of it. */
  const act = async <R>(
    work: (transaction: Transaction) => Promise<R>,
    isReady: Promise<void> = ready(),
  ): Promise<R> => {
    await isReady;
    return store.transact((transaction) => {
      transaction.afterCommit(pump);
      return work(transaction);
    });
  };

  const textRow = async (
    transaction: Transaction,
    conversation: ConversationId,
    target: MessageReference,
  ): Promise<MessageRow> => {
    const row = await messages.find(transaction, conversation, target);
    if (row?.message.kind !== 'text') throw new MessengerError('not-found', 'there is no such message here');
    return row;
  };

  const send = async (
    transaction: Transaction,
    conversation: ConversationId,
    content: SharedContent,
    { id = content.id, shows = null, ...options }: SendingOptions = {},
  ): Promise<void> => {
    checkContent(content);
    const { accountId } = named(conversation);
    const timer = 'timer' in content ? content.timer : undefined;
    const given = await givenTo(transaction, device, accountId, timer);
    const contents = addressed(device.self(), accountId, content, given);
    await composer.enqueue(transaction, id, { ...contents, ...options, renew: [], shows });
  };

  const queueText = async (
    transaction: Transaction,
    conversation: ConversationId,
    text: string,
    { replyTo, requestId, despiteKeys = false, draft }: TextOptions,
  ): Promise<Message> => {
    const author = device.accountId();
    const sent = requestId && (await transaction.get('requests', requestId));
    if (sent) return (await textRow(transaction, conversation, { author, id: sent })).message;
    const id = await clock.mint(transaction);
    const message: Message = {
      ...{ id, conversation, text, sentAt: messageTime(id) },
      ...{ direction: 'out', kind: 'text', state: 'queued' },
      ...(replyTo && { replyTo }),
      ...(await timerOf(transaction, conversation)),
    };
    await deps.admitWriting(transaction, conversation, despiteKeys);
    const { key } = await messages.add(transaction, author, message);
    if (draft !== undefined) await deps.conversations.change(transaction, conversation, { draft });
    const list = (await transaction.get('deviceLists', author))?.generation;
    await send(transaction, conversation, textContent(message, device.self().username, list), {
      shows: key,
      despiteKeys,
    });
    if (requestId !== undefined) transaction.put('requests', requestId, id);
    return message;
  };

  /** Whether an own message waits for its files: what is said of it goes out behind it (`sending/uploads.ts`). */
  const isUploading = async (transaction: Transaction, { author, id }: MessageReference): Promise<boolean> =>
    author === device.accountId() && (await transaction.get('uploads', id)) !== undefined;

  /** Of a message whose files are not all stored: nobody has it. Answers whether it was one. */
  const endUpload = async (transaction: Transaction, id: MessageId): Promise<boolean> => {
    if ((await transaction.get('uploads', id)) === undefined) return false;
    transaction.delete('uploads', id);
    transaction.afterCommit(deps.onUpload);
    return true;
  };

  /** Sends a message again. Files that may be gone from the nodes before it is read are stored anew. */
  const sendWritten = async (transaction: Transaction, key: string, message: Message): Promise<void> => {
    const { conversation, id } = message;
    const stored = message.files?.map(({ blob, ...file }) =>
      blob && clock.now() - messageTime(blob.id) < STORED_LONG_ENOUGH_MS ? { ...file, blob } : file,
    );
    const written = { ...message, ...(stored && { files: stored }) };
    const content = writtenContent(written, device.self().username);
    if (content === null) {
      transaction.put('messages', key, written);
      transaction.put('uploads', id, { despiteKeys: false, tickets: {} });
      transaction.afterCommit(deps.onUpload);
    } else await send(transaction, conversation, content, { id: await clock.mint(transaction), shows: key });
  };

  const hide = (conversation: ConversationId, targets: readonly MessageReference[]): Promise<void> =>
    act(async (transaction) => {
      const found: MessageReference[] = [];
      for (const { author, id } of targets) {
        const row = await messages.find(transaction, conversation, { author, id });
        if (row === null) continue;
        await messages.remove(transaction, row, author);
        if (author === device.accountId()) await endUpload(transaction, id);
        found.push({ author, id });
      }
      if (found.length === 0) return;
      await tellOwnDevices(transaction, deps, { type: 'hidden', messages: found });
    });

  const see = (conversation: ConversationId, incoming: readonly Message[]): Promise<void> =>
    act(async (transaction) => {
      const { accountId: author } = named(conversation);
      await prefetchMessages(
        transaction,
        incoming.map(({ id }) => ({ author, id })),
      );
      const seen: Message[] = [];
      const at = clock.now();
      for (const message of incoming) {
        const target = { author, id: message.id };
        const said = { state: 'seen', seenAt: at } as const;
        if (await messages.annotate(transaction, conversation, target, said)) seen.push(message);
      }
      if (seen.length === 0) return;
      const change = {
        type: 'seen' as const,
        messages: seen.map(({ id }) => ({ author, id })),
        at,
      };
      await composer.enqueue(transaction, await clock.mint(transaction), {
        to: await deps.readReceipt(transaction, conversation, seen),
        ownCopy: encodeContent({ v, kind: 'sync', change }),
        ...{ renew: [], shows: null },
      });
    });

  return {
    sendText: async (to, text, options = {}) => {
      checkText(text);
      checkRequestId(options.requestId);
      // Its place is before what is asked for later, such as to block whom it goes to.
      const isReady = ready();
      await Promise.race([isReady, deps.registered()]);
      const conversation = await deps.resolve(to);
      return act((transaction) => queueText(transaction, conversation, text, options), isReady);
    },
    editText: async (conversation, target, text, { despiteKeys = false } = {}) => {
      checkText(text);
      return act(async (transaction) => {
        const own = { author: device.accountId(), id: target };
        const { message } = await textRow(transaction, conversation, own);
        if (message.text === text) return message;
        const id = await clock.mint(transaction);
        if (!isEditable(message, messageTime(id)) || !isInTime(target, id))
          throw new MessengerError('not-editable', 'a text is edited within a day, once it could be sent');
        if (!despiteKeys) await checkKeys(transaction, named(conversation).accountId);
        await messages.annotate(transaction, conversation, own, { edits: [{ id, text }] });
        const edited = await textRow(transaction, conversation, own);
        if (edited.message.edited?.id !== id)
          throw new MessengerError('clock-skew', 'its last edit is of a later time than it is now');
        if (!(await isUploading(transaction, own)))
          await send(transaction, conversation, editContent(target, { id, text }), {
            edit: { target, id },
            despiteKeys,
          });
        return edited.message;
      });
    },
    react: (conversation, target, emoji) =>
      act(async (transaction) => {
        if (emoji !== null && isBlank(emoji)) throw new MessengerError('bad-text', 'a reaction is seen');
        const self = device.accountId();
        const { message } = await textRow(transaction, conversation, target);
        if ((message.reactions?.[self]?.emoji ?? null) === emoji) return;
        const id = await clock.mint(transaction);
        await messages.annotate(transaction, conversation, target, { reactions: { [self]: { emoji, id } } });
        if (await isUploading(transaction, target)) return;
        await send(transaction, conversation, { v, kind: 'reaction', id, target, emoji });
      }),
    deleteForMe: async (conversation, targets) => {
      for (const page of pagesOf(targets)) await hide(conversation, page);
    },
    deleteForEveryone: (conversation, target) =>
      act(async (transaction) => {
        const own = { author: device.accountId(), id: target };
        const row = await textRow(transaction, conversation, own);
        if (await endUpload(transaction, target)) {
          await messages.remove(transaction, row, own.author);
          return;
        }
        const { message } = row;
        await messages.annotate(transaction, conversation, own, { deleted: true });
        const id = await clock.mint(transaction);
        await send(
          transaction,
          message.conversation,
          { v, kind: 'deletion', id, target },
          { takesBack: target },
        );
      }),
    retry: (conversation, id) =>
      act(async (transaction) => {
        const row = await textRow(transaction, conversation, { author: device.accountId(), id });
        const { state, text, edited } = row.message;
        const hasFailed = state === 'failed';
        const lacksEdit = edited?.failure !== undefined;
        if (!hasFailed && !lacksEdit) return row.message;
        if (hasFailed) await deps.admitWriting(transaction, conversation, false);
        else await checkKeys(transaction, named(conversation).accountId);
        const message = await messages.requeue(transaction, row);
        if (hasFailed) await sendWritten(transaction, row.key, message);
        if (lacksEdit && !(await isUploading(transaction, { author: device.accountId(), id })))
          await send(transaction, conversation, editContent(id, { id: edited.id, text }), {
            ...{ id: await clock.mint(transaction), edit: { target: id, id: edited.id } },
          });
        return message;
      }),
    markRead: async (read) => {
      const incoming = read.filter(({ direction }) => direction === 'in');
      for (const [conversation, all] of Map.groupBy(incoming, (each) => each.conversation))
        for (const page of pagesOf(all)) await see(conversation, page);
    },
    markReadUpTo: async (message) => {
      // The oldest first: what breaks off in the middle leaves unread what is newer.
      for (const page of pagesOf(await unreadUpTo(store, message))) await see(message.conversation, page);
    },
  };
};
