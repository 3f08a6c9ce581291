import { LIMITS, messageTime, type AccountId } from '@restante/protocol';
import { createAccount, type Account } from './account.ts';
import { serverClock } from './clock.ts';
import { DEFAULT_BACKOFF } from './connection/backoff.ts';
import type { ConnectionState } from './connection/machine.ts';
import { createContacts } from './contacts.ts';
import { checkLength } from './content/text-length.ts';
import { createConversations } from './conversations.ts';
import { createDelivery } from './delivery.ts';
import { createDevice } from './device.ts';
import { createExporting, type Exporting } from './export.ts';
import { createEvents, type Events } from './events.ts';
import { createIdentityGuard } from './identity-guard.ts';
import { textContents } from './inbox/apply.ts';
import { ownKeys } from './keys.ts';
import { createKeyRotation } from './key-rotation.ts';
import { MessengerError } from './messenger-error.ts';
import type { MessengerEvents } from './messenger-events.ts';
import { createMessages } from './messages.ts';
import type { MessengerOptions } from './options.ts';
import { createComposer } from './outbox/compose.ts';
import { createSessions } from './outbox/sessions.ts';
import { createPeople, type People } from './people.ts';
import { createPreferences, type Preferring } from './preferences.ts';
import { createPresence } from './presence.ts';
import { createSearching, type Searching } from './searching.ts';
import { masterApi } from './server/master-api.ts';
import { prune } from './prune.ts';
import { createTrust, type Trust } from './trust.ts';
import { accountPrefix, authoredKey, messageKey } from './vault/keys.ts';
import { createStore } from './vault/store.ts';
import type { Conversation, Message } from './vault/tables.ts';
import { admitWriting } from './writing.ts';

/** Conversations that are listed. */
const MAX_CONVERSATIONS = 10_000;

export type SendOptions = {
  /** Sends also when a verified contact has keys that nobody has verified: throws `keys-changed` otherwise. */
  readonly despiteKeys?: boolean;
};

/** The messenger of one device of one account. Errors are `MessengerError`s. */
export type Messenger = Account &
  People &
  Trust &
  Preferring &
  Searching &
  Exporting & {
    /** Connects and stays connected. */
    readonly start: () => Promise<void>;
    readonly stop: () => void;
    readonly connection: () => ConnectionState;
    /** Ends a wait for the next attempt, and reads the mailboxes again. */
    readonly refresh: () => void;
    /**
     * Queues a text for a username or account id. Resolves when it is durable here; `message-changed` events tell how far
     * it gets. A username that was never written to is looked up, which needs a master.
     */
    readonly sendText: (to: string, text: string, options?: SendOptions) => Promise<Message>;
    /** Says that a person has seen these incoming messages; their senders are told if they are there. */
    readonly markRead: (messages: readonly Message[]) => Promise<void>;
    readonly setTyping: (to: AccountId, active: boolean) => void;
    /** Shows these accounts that this device is there, now and after each reconnection. */
    readonly setPresence: (state: 'online' | 'away', to: readonly AccountId[]) => void;
    /** Newest first. */
    readonly conversations: () => Promise<Conversation[]>;
    /** At most `limit` messages before `before` (default: the newest), oldest first. */
    readonly messages: (
      accountId: AccountId,
      page?: { readonly before?: Message; readonly limit?: number },
    ) => Promise<Message[]>;
    readonly on: Events<MessengerEvents>['on'];
    readonly [Symbol.asyncDispose]: () => Promise<void>;
  };

const checkText = (text: string): void => {
  if (text === '') throw new MessengerError('bad-text', 'a text is not empty');
  checkLength(text);
};

const DEFAULTS = {
  now: Date.now,
  random: (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes),
  backoff: DEFAULT_BACKOFF,
  patienceMs: 2_000,
  pageTimeoutMs: 10_000,
};

/** A messenger over a vault. Nothing happens before `start`, `register` or `login`. */
export const createMessenger = (given: MessengerOptions): Messenger => {
  const options = {
    ...DEFAULTS,
    fetch: globalThis.fetch.bind(globalThis),
    WebSocket: globalThis.WebSocket,
    ...given,
  };
  const { masters, now, ratchet } = options;
  const events = createEvents<MessengerEvents>();
  const store = createStore(options.vault);
  const clock = serverClock(store, now, options.random);
  const device = createDevice(store, clock);
  const api = masterApi(masters, options.fetch, device);
  const conversations = createConversations(events, device);
  const messages = createMessages(events, conversations);
  const guard = createIdentityGuard({ events, device, clock, messages, conversations, now });
  const sessions = createSessions(device, ratchet, guard, now);
  const composer = createComposer(device, sessions);
  const keys = ownKeys(store, device, api, ratchet, now);
  const contacts = createContacts(store, api, messages, conversations);
  const preferences = createPreferences(store, events);
  const presence = createPresence(store, events, preferences);
  const delivery = createDelivery({
    ...options,
    ...{ events, store, device, clock, api, sessions, messages, composer, keys, contacts },
    ...{ conversations, preferences, presence },
    rotateKeys: createKeyRotation(store, device, api, ratchet, now),
  });

  const loaded = Promise.all([device.load(), clock.load(), preferences.load()]);
  loaded.catch(() => undefined);

  const queueText = (accountId: AccountId, text: string, despiteKeys: boolean): Promise<Message> =>
    store.transact(async (transaction) => {
      const id = await clock.mint(transaction);
      const message: Message = {
        ...{ id, accountId, text, sentAt: messageTime(id) },
        ...{ direction: 'out', kind: 'text', state: 'queued' },
      };
      const { key } = await messages.add(transaction, device.accountId(), message);
      await admitWriting(transaction, { clock, composer, conversations }, accountId, despiteKeys);
      const { plaintext, ownCopy } = textContents(device.self(), message);
      const own = accountId === device.accountId();
      await composer.enqueue(transaction, id, {
        to: own ? null : { accountId, plaintext },
        ownCopy,
        renew: [],
        shows: { messageKey: key, generation: 0 },
        despiteKeys,
      });
      transaction.afterCommit(delivery.pump);
      return message;
    });

  const sendReadReceipts = (seen: readonly Message[]): void => {
    const ids = seen.flatMap(({ accountId, envelope }) =>
      envelope ? [{ id: envelope.id, senderId: accountId, senderDeviceId: envelope.senderDeviceId }] : [],
    );
    for (let start = 0; start < ids.length; start += LIMITS.idsPerAcknowledge) {
      const part = ids.slice(start, start + LIMITS.idsPerAcknowledge);
      delivery.sendNow({ type: 'acknowledge', state: 'read', receipts: true, messages: part });
    }
  };

  return {
    ...createAccount({ store, device, keys, api, delivery, loaded }),
    ...createPeople({
      ...{ store, device, clock, composer, events, contacts, conversations, loaded },
      pump: delivery.pump,
    }),
    ...createTrust({ store, device, sessions, guard, ratchet, loaded }),
    preferences: preferences.preferences,
    setPreferences: preferences.setPreferences,
    ...createSearching(store, loaded),
    ...createExporting(store, device, clock.now, loaded),
    start: async () => {
      await loaded;
      device.self();
      await prune(store, clock.now());
      delivery.start();
    },
    stop: delivery.stop,
    connection: delivery.state,
    refresh: delivery.refresh,
    sendText: async (to, text, { despiteKeys = false } = {}) => {
      checkText(text);
      await loaded;
      device.self();
      return queueText(await contacts.resolve(to), text, despiteKeys);
    },
    markRead: async (read) => {
      const incoming = read.filter(({ direction }) => direction === 'in');
      const seen = await store.transact(async (transaction) => {
        const changed: Message[] = [];
        for (const { accountId, id } of incoming) {
          const key = await transaction.get('messageKeys', authoredKey(accountId, id));
          const message = key === undefined ? undefined : await transaction.get('messages', key);
          if (key === undefined || message?.state !== 'received') continue;
          await messages.advance(transaction, key, 'seen');
          if (await preferences.mayTellRead(transaction, accountId)) changed.push(message);
        }
        return changed;
      });
      sendReadReceipts(seen);
    },
    setTyping: presence.setTyping,
    setPresence: presence.setPresence,
    conversations: async () =>
      (await store.list('conversations', { limit: MAX_CONVERSATIONS }))
        .map(({ value }) => value)
        .sort((a, b) => b.lastMessageAt - a.lastMessageAt),
    messages: async (accountId, { before, limit = 50 } = {}) => {
      const rows = await store.list('messages', {
        prefix: accountPrefix(accountId),
        ...(before && { before: messageKey(accountId, before.sentAt, before.id, before.direction) }),
        limit,
        reverse: true,
      });
      return rows.map(({ value }) => value).reverse();
    },
    on: events.on,
    [Symbol.asyncDispose]: async () => {
      delivery.close();
      await store.close();
    },
  };
};
