import { username as usernameSchema, type AccountId } from '@restante/protocol';
import { checkLength } from '../content/text-length.ts';
import type { Contacts } from './contacts.ts';
import type { Conversations } from '../conversations/conversations.ts';
import type { Device } from '../account/device.ts';
import { letIn, type LettingInDeps } from './letting-in.ts';
import { MessengerError } from '../messenger-error.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import { tellOwnDevices } from '../sending/own-sync.ts';
import { chooseStanding, standingOf } from './standings.ts';
import { conversationWith, named, type ConversationId } from '../vault/conversation-id.ts';
import { conversationPrefix } from '../vault/keys.ts';
import { takeNoMoreOf } from '../vault/history-row.ts';
import type { Store } from '../vault/store.ts';
import type { Conversation, MessageFile } from '../vault/tables.ts';

/** The others: who is let in, and what is kept of them. */
export type People = {
  /** Looks a username up and lets its account in. Throws `not-found`, `own-account`. */
  readonly addContact: (username: string) => Promise<Conversation>;
  /** Lets an account in, or blocks it; own devices follow. */
  readonly setStanding: (accountId: AccountId, standing: 'accepted' | 'blocked') => Promise<void>;
  /** Deletes a conversation on this device. A blocked account stays blocked. */
  readonly deleteConversation: (conversation: ConversationId) => Promise<void>;
  /** Keeps what has been written and not sent. */
  readonly setDraft: (conversation: ConversationId, text: string) => Promise<void>;
};

/** Messages that are deleted in one transaction. */
const PAGE = 500;

export type PeopleDeps = LettingInDeps & {
  readonly store: Store;
  readonly device: Device;
  readonly events: MessengerEventSource;
  readonly contacts: Contacts;
  readonly conversations: Conversations;
  /** Messages with these files are gone. */
  readonly onFilesGone: (files: readonly MessageFile[]) => void;
  /** Something has been put into the outbox. */
  readonly pump: () => void;
  /** Resolves when the vault has been read and the time is known, in the order of asking: what is decided follows what was written. */
  readonly ready: () => Promise<void>;
};

export const createPeople = (deps: PeopleDeps): People => {
  const { store, device, events, contacts, conversations, pump, ready } = deps;

  const refuseSelf = (isSelf: boolean): void => {
    if (isSelf) throw new MessengerError('own-account', 'this is the own account');
  };

  /** Deletes a page of messages, or with the last one the conversation. Answers whether there is more. */
  const deletePage = (conversation: ConversationId): Promise<boolean> =>
    store.transact(async (transaction) => {
      const rows = await transaction.listPrefix('messages', conversationPrefix(conversation), PAGE);
      for (const { key, value } of rows) {
        transaction.delete('messages', key);
        if (value.starred?.value) transaction.delete('stars', key);
      }
      const away = await transaction.listPrefix('putAway', conversationPrefix(conversation), PAGE);
      for (const { key } of away) transaction.delete('putAway', key);
      const files = [...rows, ...away].flatMap(({ value }) => value.files ?? []);
      if (files.length > 0) transaction.afterCommit(() => deps.onFilesGone(files));
      if (rows.length >= PAGE || away.length >= PAGE) return true;
      const row = await transaction.get('conversations', conversation);
      if (row === undefined) return false;
      if (row.standing !== 'request')
        transaction.put('standings', named(conversation).accountId, row.standing);
      transaction.delete('conversations', conversation);
      await takeNoMoreOf(transaction, conversation);
      transaction.afterCommit(() => {
        contacts.forget();
        events.emit('conversation-removed', { conversation });
      });
      return false;
    });

  return {
    addContact: async (username) => {
      await ready();
      refuseSelf(username === device.self().username);
      if (!usernameSchema.safeParse(username).success)
        throw new MessengerError('not-found', 'no account has such a username');
      const accountId = await contacts.lookUp(username);
      return store.transact(async (transaction) => {
        transaction.afterCommit(pump);
        const known = await standingOf(transaction, accountId);
        const conversation: Conversation = {
          ...(await conversations.of(transaction, conversationWith(accountId), 'self')),
          ...{ username, former: null },
        };
        conversations.keep(transaction, conversation);
        await letIn(transaction, deps, accountId, known);
        return { ...conversation, standing: 'accepted' };
      });
    },
    setStanding: async (accountId, standing) => {
      await ready();
      refuseSelf(accountId === device.accountId());
      await store.transact(async (transaction) => {
        transaction.afterCommit(pump);
        const before = await standingOf(transaction, accountId);
        if (standing === 'accepted') return letIn(transaction, deps, accountId, before);
        if (before === standing) return;
        const id = await chooseStanding(transaction, deps, { accountId, standing });
        await tellOwnDevices(transaction, deps, { type: 'standing', accountId, standing, id });
      });
    },
    deleteConversation: async (conversation) => {
      await ready();
      while (await deletePage(conversation));
    },
    setDraft: async (conversation, text) => {
      if (text !== '') checkLength(text);
      await store.transact((transaction) => conversations.change(transaction, conversation, { draft: text }));
    },
  };
};
