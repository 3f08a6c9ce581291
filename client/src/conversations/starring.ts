import { MAX_REFERENCES, type MessageReference } from '../content/parts.ts';
import { MessengerError } from '../messenger-error.ts';
import { tellOwnDevices, type OwnSyncDeps } from '../sending/own-sync.ts';
import type { ConversationId } from '../vault/conversation-id.ts';
import { conversationPrefix, keyOfMessage, placeInTime } from '../vault/keys.ts';
import { rowsOf } from '../vault/pages.ts';
import type { Store } from '../vault/store.ts';
import type { Message } from '../vault/tables.ts';
import type { MessageRow, Messages } from './messages.ts';

/** Messages that a person has starred at most. Devices that do so at the same time may pass it. */
export const MAX_STARRED = 1_000;

/** What a person wants to find again. */
export type Starring = {
  /**
   * Stars these messages of a conversation, or takes their stars away. Own devices follow; nobody else is told. What is gone is left out.
   *
   * @throws MessengerError `too-many-starred` when more than 1,000 would be, `clock-skew` when an own device has chosen otherwise at a time
   *   that is yet to come: then nothing has changed
   */
  readonly setStarred: (
    conversation: ConversationId,
    targets: readonly MessageReference[],
    isStarred: boolean,
  ) => Promise<void>;
  /** Starred messages, of one conversation or of all, by their time, newest first; at most `limit` of those before `before`. */
  readonly starredMessages: (page?: StarredPage) => Promise<Message[]>;
};

export type StarredPage = {
  readonly conversation?: ConversationId;
  readonly before?: Message;
  readonly limit?: number;
};

export type StarringDeps = OwnSyncDeps & {
  readonly store: Store;
  readonly messages: Pick<Messages, 'find' | 'annotate'>;
  /** Something has been put into the outbox. */
  readonly pump: () => void;
  /** Resolves when the vault has been read and the time is known. */
  readonly ready: () => Promise<void>;
};

const PAGE = 500;
const DEFAULT_LIMIT = 50;

export const createStarring = (deps: StarringDeps): Starring => {
  const { store, clock, messages } = deps;
  return {
    setStarred: async (conversation, targets, isStarred) => {
      if (targets.length > MAX_REFERENCES)
        throw new MessengerError('too-many-starred', 'so many messages are not starred at once');
      await deps.ready();
      await store.transact(async (transaction) => {
        transaction.afterCommit(deps.pump);
        const found: { readonly target: MessageReference; readonly row: MessageRow }[] = [];
        for (const target of targets) {
          const row = await messages.find(transaction, conversation, target);
          const isText = row?.message.kind === 'text';
          if (isText && (row.message.starred?.value ?? false) !== isStarred) found.push({ target, row });
        }
        if (found.length === 0) return;
        const id = await clock.mint(transaction);
        if (found.some(({ row }) => (row.message.starred?.id ?? '') > id))
          throw new MessengerError('clock-skew', 'another choice is of a later time than it is now');
        if (isStarred) {
          const starred = await transaction.list('stars', { limit: MAX_STARRED });
          if (starred.length + found.length > MAX_STARRED)
            throw new MessengerError(
              'too-many-starred',
              `more than ${MAX_STARRED} messages would be starred`,
            );
        }
        for (const { target } of found)
          await messages.annotate(transaction, conversation, target, { starred: { value: isStarred, id } });
        await tellOwnDevices(transaction, deps, {
          ...{ type: 'starred', id, starred: isStarred },
          messages: found.map(({ target }) => target),
        });
      });
    },
    starredMessages: async ({ conversation, before, limit = DEFAULT_LIMIT } = {}) => {
      const prefix = conversation === undefined ? '' : conversationPrefix(conversation);
      const bound = before && placeInTime(keyOfMessage(before));
      const keys = (await rowsOf(store, 'stars', { prefix, limit: PAGE }))
        .map(({ key }) => ({ key, place: placeInTime(key) }))
        .filter(({ place }) => bound === undefined || place < bound)
        .sort((a, b) => (a.place < b.place ? 1 : -1))
        .map(({ key }) => key);
      const found: Message[] = [];
      for (let at = 0; at < keys.length && found.length < limit; at += PAGE)
        for (const message of await store.getMany('messages', keys.slice(at, at + PAGE)))
          if (message !== undefined) found.push(message);
      return found.slice(0, Math.max(0, limit));
    },
  };
};
