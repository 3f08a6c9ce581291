import { conversationPrefix, keyOfMessage } from '../vault/keys.ts';
import type { Store } from '../vault/store.ts';
import type { Message } from '../vault/tables.ts';

const PAGE = 500;

const isUnread = ({ direction, state }: Message): boolean => direction === 'in' && state === 'received';

/** Unread messages of a conversation up to this one, oldest first; as many as the conversation counts. */
export const unreadUpTo = async (
  store: Pick<Store, 'get' | 'list'>,
  message: Message,
): Promise<readonly Message[]> => {
  const newestFirst = isUnread(message) ? [message] : [];
  const { unread = 0 } = (await store.get('conversations', message.conversation)) ?? {};
  let before = keyOfMessage(message);
  while (newestFirst.length < unread) {
    const rows = await store.list('messages', {
      prefix: conversationPrefix(message.conversation),
      before,
      limit: PAGE,
      reverse: true,
    });
    newestFirst.push(...rows.map(({ value }) => value).filter(isUnread));
    const last = rows.at(-1);
    if (last === undefined) break;
    before = last.key;
  }
  return newestFirst.reverse();
};
