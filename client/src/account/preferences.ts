import type { MessengerEventSource } from '../events/messenger-events.ts';
import type { Store, Transaction } from '../vault/store.ts';
import { ONLY, type Preferences } from '../vault/tables.ts';

const DEFAULTS: Preferences = { readReceipts: true, typing: true, presence: true };

/** What a person has chosen on this device. */
export type Preferring = {
  readonly preferences: () => Promise<Preferences>;
  /** Those that are not named stay as they are. */
  readonly setPreferences: (changes: Partial<Preferences>) => Promise<void>;
};

export type PreferenceStore = Preferring & {
  readonly load: () => Promise<void>;
  /** Takes what was chosen on another own device, unless something has been chosen here. */
  readonly learn: (transaction: Transaction, preferences: Preferences) => Promise<void>;
  readonly current: () => Preferences;
  /** How a message is shown that its reader says has been read: who does not tell is not told. */
  readonly stateWhenRead: () => 'delivered' | 'read';
};

export const createPreferences = (store: Store, events: MessengerEventSource): PreferenceStore => {
  let current = DEFAULTS;
  const read = async (reader: Pick<Transaction, 'get'>): Promise<Preferences> => ({
    ...DEFAULTS,
    ...(await reader.get('preferences', ONLY)),
  });

  return {
    load: async () => {
      current = await read(store);
    },
    learn: async (transaction, preferences) => {
      if ((await transaction.get('preferences', ONLY)) !== undefined) return;
      transaction.put('preferences', ONLY, preferences);
      transaction.afterCommit(() => {
        current = preferences;
        events.emit('preferences', preferences);
      });
    },
    current: () => current,
    preferences: () => read(store),
    setPreferences: ({ readReceipts, typing, presence }) =>
      store.transact(async (transaction) => {
        const before = await read(transaction);
        const after = {
          readReceipts: readReceipts ?? before.readReceipts,
          typing: typing ?? before.typing,
          presence: presence ?? before.presence,
        };
        transaction.put('preferences', ONLY, after);
        transaction.afterCommit(() => {
          current = after;
          events.emit('preferences', after);
        });
      }),
    stateWhenRead: () => (current.readReceipts ? 'read' : 'delivered'),
  };
};
