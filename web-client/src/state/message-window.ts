import type { Message, MessageReference, MessengerEvents } from '@restante/client';
import { named } from '@restante/client/conversation-id';

/** Messages of a conversation that are in memory at most. */
export const WINDOW_SIZE = 400;
/** Messages that are read at once. */
export const PAGE_SIZE = 100;

/** Tells messages of one conversation apart: ids are unique for their author. */
export const messageKey = ({ id, direction }: Pick<Message, 'id' | 'direction'>): string =>
  `${direction}:${id}`;

export const indexByKey = (messages: readonly Message[]): ReadonlyMap<string, Message> =>
  new Map(messages.map((message) => [messageKey(message), message]));

/** As the vault sorts them. */
export const compareMessages = (a: Message, b: Message): number => {
  if (a.sentAt !== b.sentAt) return a.sentAt - b.sentAt;
  const [first, second] = [`${a.id}:${a.direction}`, `${b.id}:${b.direction}`];
  return first < second ? -1 : first > second ? 1 : 0;
};

export const isUnread = ({ direction, state }: Message): boolean =>
  direction === 'in' && state === 'received';

/** How others name this message. */
export const referenceTo = (message: Message, self: string): MessageReference => ({
  author: message.direction === 'out' ? self : named(message.conversation).accountId,
  id: message.id,
});

/** The key of what a reference names. */
export const referencedKey = ({ author, id }: MessageReference, self: string): string =>
  messageKey({ id, direction: author === self ? 'out' : 'in' });

/** The key of a message that has been removed from its conversation. */
export const removedKey = ({ conversation, author, id }: MessengerEvents['message-removed']): string =>
  messageKey({ id, direction: author === named(conversation).accountId ? 'in' : 'out' });

/** Both lists in one, oldest first, each message once; a message of `added` takes the place of the same in `items`. */
export const mergeMessages = (items: readonly Message[], added: readonly Message[]): readonly Message[] => {
  const last = items.at(-1);
  const first = added[0];
  if (last === undefined || first === undefined || compareMessages(last, first) < 0) {
    return [...items, ...added];
  }
  const byKey = indexByKey([...items, ...added]);
  return [...byKey.values()].sort(compareMessages);
};
