import type { MessageReference } from '../content/parts.ts';
import { conversationPrefix, authoredKey, keyOfMessage } from '../vault/keys.ts';
import type { ConversationId } from '../vault/conversation-id.ts';
import type { Store } from '../vault/store.ts';
import type { Conversation, Message } from '../vault/tables.ts';

/** Conversations that are read where all are wanted. */
export const MAX_CONVERSATIONS = 10_000;

/** What is kept on this device. */
export type Reading = {
  /** Newest first. */
  readonly conversations: () => Promise<Conversation[]>;
  /** At most `limit` messages, oldest first: the last ones before `before` (default: the newest), or the next ones after `after`. */
  readonly messages: (conversation: ConversationId, page?: MessagePage) => Promise<Message[]>;
  /**
   * Messages of a conversation that have files, newest first: at most `limit` of those before `before`. Looks at some thousand messages at once;
   * `next` is what to go on before, null at the beginning of the conversation.
   */
  readonly messagesWithFiles: (
    conversation: ConversationId,
    page?: Omit<MessagePage, 'after'>,
  ) => Promise<{ readonly found: readonly Message[]; readonly next: Message | null }>;
  /** A window of at most `limit` messages, oldest first, with the referenced one in it; empty when that is gone. */
  readonly messagesAround: (
    conversation: ConversationId,
    reference: MessageReference,
    limit?: number,
  ) => Promise<Message[]>;
  /** The messages of these references, in their order; null for what is not here. */
  readonly messagesByReference: (references: readonly MessageReference[]) => Promise<(Message | null)[]>;
};

export type MessagePage = { readonly before?: Message; readonly after?: Message; readonly limit?: number };

const DEFAULT_LIMIT = 50;
/** For messages with files: what is read at once, and so often. */
const [LOOKED_AT, LOOKS] = [500, 8];

/** `loaded`: what has disappeared by now is out of the vault, or out of sight. */
export const createReading = (store: Store, loaded: Promise<unknown>): Reading => {
  const byReference = async (references: readonly MessageReference[]): Promise<(Message | null)[]> => {
    await loaded;
    const names = references.map(({ author, id }) => authoredKey(author, id));
    const keys = await store.getMany('messageKeys', names);
    const rows = await store.getMany(
      'messages',
      keys.filter((key) => key !== undefined),
    );
    const next = rows.values();
    return keys.map((key) => (key === undefined ? null : (next.next().value ?? null)));
  };

  const messages: Reading['messages'] = async (
    conversation,
    { before, after, limit = DEFAULT_LIMIT } = {},
  ) => {
    await loaded;
    const rows = await store.list('messages', {
      prefix: conversationPrefix(conversation),
      ...(before && { before: keyOfMessage(before) }),
      ...(after && { after: keyOfMessage(after) }),
      limit,
      reverse: after === undefined,
    });
    const page = rows.map(({ value }) => value);
    return after === undefined ? page.reverse() : page;
  };

  return {
    conversations: async () => {
      await loaded;
      return (await store.list('conversations', { limit: MAX_CONVERSATIONS }))
        .map(({ value }) => value)
        .sort((a, b) => b.lastMessageAt - a.lastMessageAt);
    },
    messages,
    messagesWithFiles: async (conversation, { before, limit = DEFAULT_LIMIT } = {}) => {
      const found: Message[] = [];
      let next = before;
      for (let look = 0; look < LOOKS; look += 1) {
        const page = await messages(conversation, { ...(next && { before: next }), limit: LOOKED_AT });
        for (const message of page.reverse()) {
          next = message;
          if ((message.files?.length ?? 0) > 0) found.push(message);
          if (found.length === limit) return { found, next };
        }
        if (page.length < LOOKED_AT) return { found, next: null };
      }
      return { found, next: next ?? null };
    },
    messagesAround: async (conversation, reference, limit = DEFAULT_LIMIT) => {
      const [message] = await byReference([reference]);
      if (message?.conversation !== conversation) return [];
      const others = Math.max(0, limit - 1);
      const [older, newer] = await Promise.all([
        messages(conversation, { before: message, limit: others }),
        messages(conversation, { after: message, limit: others }),
      ]);
      // The half of the window, or more when the other side has less.
      const before = Math.min(older.length, Math.max(Math.floor(others / 2), others - newer.length));
      return [...older.slice(older.length - before), message, ...newer.slice(0, others - before)];
    },
    messagesByReference: byReference,
  };
};
