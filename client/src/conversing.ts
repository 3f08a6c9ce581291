import { LIMITS, messageTime, type AccountId } from '@restante/protocol';
import type { ServerClock } from './clock.ts';
import type { Contacts } from './contacts.ts';
import { MAX_TEXT_BYTES } from './content/content.ts';
import type { Delivery } from './delivery.ts';
import type { Device } from './device.ts';
import { textContents } from './inbox/apply.ts';
import { MessengerError } from './messenger-error.ts';
import type { Messages } from './messages.ts';
import type { Composer } from './outbox/compose.ts';
import { authoredKey } from './vault/keys.ts';
import type { Store } from './vault/store.ts';
import type { Message } from './vault/tables.ts';

/** What a person does in a conversation. */
export type Conversing = {
  /**
   * Queues a text for a username or account id. Resolves when it is durable here; `message-changed` events tell how far
   * it gets. A username that was never written to is looked up, which needs a master.
   */
  readonly sendText: (to: string, text: string) => Promise<Message>;
  /** Says that a person has seen these incoming messages; their senders are told if they are there. */
  readonly markRead: (messages: readonly Message[]) => Promise<void>;
  readonly setTyping: (to: AccountId, active: boolean) => void;
  /** Shows these accounts that this device is there, now and after each reconnection. */
  readonly setPresence: (state: 'online' | 'away', to: readonly AccountId[]) => void;
};

export type ConversingDeps = {
  readonly store: Store;
  readonly device: Device;
  readonly clock: ServerClock;
  readonly messages: Messages;
  readonly composer: Composer;
  readonly contacts: Contacts;
  readonly delivery: Pick<Delivery, 'pump' | 'sendNow' | 'show'>;
  /** Resolves when the vault has been read; rejects when it has no account. */
  readonly ready: () => Promise<void>;
};

const checkText = (text: string): void => {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes === 0 || bytes > MAX_TEXT_BYTES) {
    throw new MessengerError('bad-text', `a text has 1 to ${MAX_TEXT_BYTES} bytes`);
  }
};

export const createConversing = (deps: ConversingDeps): Conversing => {
  const { store, device, clock, messages, composer, contacts, delivery, ready } = deps;

  const queueText = (accountId: AccountId, text: string): Promise<Message> =>
    store.transact(async (transaction) => {
      const id = await clock.mint(transaction);
      const message: Message = {
        ...{ id, accountId, text, sentAt: messageTime(id) },
        ...{ direction: 'out', kind: 'text', state: 'queued' },
      };
      const { key } = await messages.add(transaction, device.accountId(), message);
      const { plaintext, ownCopy } = textContents(device.self(), message);
      const own = accountId === device.accountId();
      await composer.enqueue(transaction, id, {
        to: own ? null : { accountId, plaintext },
        ownCopy,
        renew: [],
        shows: { messageKey: key, generation: 0 },
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
    sendText: async (to, text) => {
      checkText(text);
      await ready();
      return queueText(await contacts.resolve(to), text);
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
          changed.push(message);
        }
        return changed;
      });
      sendReadReceipts(seen);
    },
    setTyping: (to, active) => delivery.sendNow({ type: 'typing', to, active }),
    setPresence: (state, to) => delivery.show({ type: 'presence', state, to: [...to] }),
  };
};
