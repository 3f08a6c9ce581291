import { conversationPrefix, messageKey } from '../vault/keys.ts';
import { MAX_CONVERSATIONS } from './reading.ts';
import type { Store } from '../vault/store.ts';
import type { Conversation, Message } from '../vault/tables.ts';

export type Searching = {
  /**
   * Texts of all conversations in which every word of the query occurs, whatever its case and diacritics; newest first.
   * `before`: the last one of the page before.
   */
  readonly search: (
    query: string,
    page?: { readonly limit?: number; readonly before?: Message },
  ) => Promise<Message[]>;
};

const DEFAULT_HITS = 50;
const MAX_HITS = 500;
const PAGE = 500;

/** Upper case, because a sigma or an s of more than one form has one there. */
const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase();

const newestFirst = (a: Message, b: Message): number =>
  b.sentAt - a.sentAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

/**
 * Reads conversation by conversation, the newest first, and each from its end, only as far as something newer than the
 * oldest hit may come.
 */
export const createSearching = (store: Store, loaded: Promise<unknown>): Searching => {
  const scan = async (
    { id }: Conversation,
    before: Message | undefined,
    isHit: (message: Message) => boolean,
    offer: (message: Message) => void,
    isTooOld: (sentAt: number) => boolean,
  ): Promise<void> => {
    let bound = before && messageKey(id, before.sentAt, before.id, before.direction);
    for (;;) {
      const rows = await store.list('messages', {
        prefix: conversationPrefix(id),
        ...(bound !== undefined && { before: bound }),
        limit: PAGE,
        reverse: true,
      });
      for (const { value } of rows) {
        if (isTooOld(value.sentAt)) return;
        if (isHit(value)) offer(value);
      }
      bound = rows.at(-1)?.key;
      if (bound === undefined || rows.length < PAGE) return;
    }
  };

  return {
    search: async (query, { limit = DEFAULT_HITS, before } = {}) => {
      await loaded;
      const words = fold(query).split(/\s+/u).filter(Boolean);
      const most = Math.min(limit, MAX_HITS);
      if (words.length === 0 || most <= 0) return [];
      const isHit = ({ kind, text }: Message): boolean => {
        if (kind !== 'text') return false;
        const folded = fold(text);
        return words.every((word) => folded.includes(word));
      };
      let hits: Message[] = [];
      const isTooOld = (sentAt: number): boolean =>
        hits.length === most && sentAt < (hits.at(-1)?.sentAt ?? 0);
      const offer = (message: Message): void => {
        hits = [...hits, message].sort(newestFirst).slice(0, most);
      };
      const rows = await store.list('conversations', { limit: MAX_CONVERSATIONS });
      const conversations = rows.map(({ value }) => value).sort((a, b) => b.lastMessageAt - a.lastMessageAt);
      for (const conversation of conversations) {
        if (isTooOld(conversation.lastMessageAt)) break;
        await scan(conversation, before, isHit, offer, isTooOld);
      }
      return hits;
    },
  };
};
