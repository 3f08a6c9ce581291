import { MAX_REFERENCES } from '../content/parts.ts';
import { conversationPrefix, keyOfMessage } from '../vault/keys.ts';
import type { Store } from '../vault/store.ts';
import type { Message } from '../vault/tables.ts';

const isUnread = ({ direction, state }: Message): boolean => direction === 'in' && state === 'received';

/** Unread messages of a conversation up to this one, newest first, in pages; as many as the conversation counts. */
export const unreadUpTo = async (
  store: Pick<Store, 'get' | 'list'>,
  message: Message,
): Promise<(readonly Message[])[]> => {
  const pages: (readonly Message[])[] = isUnread(message) ? [[message]] : [];
  let missing = ((await store.get('conversations', message.conversation))?.unread ?? 0) - pages.length;
  let before = keyOfMessage(message);
  while (missing > 0) {
    const range = {
      prefix: conversationPrefix(message.conversation),
      before,
      limit: MAX_REFERENCES,
      reverse: true,
    };
    const rows = await store.list('messages', range);
    const unread = rows.map(({ value }) => value).filter(isUnread);
    if (unread.length > 0) pages.push(unread);
    missing -= unread.length;
    const last = rows.at(-1);
    if (last === undefined) break;
    before = last.key;
  }
  return pages;
};
