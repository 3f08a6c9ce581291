import { messageTime, type AccountId } from '@restante/protocol';
import { chosenSettings } from '../content/chosen-settings.ts';
import { MessengerError } from '../messenger-error.ts';
import { tellOwnDevices, type OwnSyncDeps } from '../sending/own-sync.ts';
import { conversationWith, named, type ConversationId } from '../vault/conversation-id.ts';
import type { Store, Transaction } from '../vault/store.ts';
import {
  chosenWith,
  laterChoices,
  settingsOf,
  type ChosenSettings,
  type ConversationSettings,
} from '../content/conversation-settings.ts';
import type { Conversations } from './conversations.ts';

/** How conversations are set up. */
export type SettingUp = {
  /**
   * Those that are not named stay as they are; `archivedAt` is no later than now, or than the last message. Own devices follow: of two choices the later one stands.
   *
   * @throws MessengerError `bad-text` for a nickname that is empty or longer than 64 UTF-16 units, `clock-skew` when an own device has chosen
   *   otherwise at a time that is yet to come
   */
  readonly setConversationSettings: (
    conversation: ConversationId,
    changes: Partial<ConversationSettings>,
  ) => Promise<void>;
};

/** Takes what was chosen, here or on another own device. */
export const applySettings = async (
  transaction: Transaction,
  conversations: Pick<Conversations, 'change'>,
  accountId: AccountId,
  chosen: ChosenSettings,
): Promise<void> => {
  const before = (await transaction.get('conversationSettings', accountId)) ?? {};
  const after = laterChoices(before, chosen);
  transaction.put('conversationSettings', accountId, after);
  const settings = settingsOf(after);
  await conversations.change(transaction, conversationWith(accountId), { settings });
};

export type SettingUpDeps = OwnSyncDeps & {
  readonly store: Store;
  readonly conversations: Pick<Conversations, 'change'>;
  /** Something has been put into the outbox. */
  readonly pump: () => void;
  /** Resolves when the vault has been read and the time is known. */
  readonly ready: () => Promise<void>;
};

export const createSettingUp = (deps: SettingUpDeps): SettingUp => ({
  setConversationSettings: async (conversation, changes) => {
    await deps.ready();
    const { accountId } = named(conversation);
    await deps.store.transact(async (transaction) => {
      transaction.afterCommit(deps.pump);
      const id = await deps.clock.mint(transaction);
      const { archivedAt = null } = changes;
      // The caller's clock may be ahead: what comes until then would stay away once it has been read.
      const row = archivedAt === null ? undefined : await transaction.get('conversations', conversation);
      const settings = chosenWith(id, {
        ...changes,
        ...(archivedAt !== null && {
          archivedAt: Math.min(archivedAt, Math.max(messageTime(id), row?.lastMessageAt ?? 0)),
        }),
      });
      if (!chosenSettings.safeParse(settings).success)
        throw new MessengerError('bad-text', 'a setting is none, or a nickname is empty or too long');
      const names = Object.keys(settings) as (keyof ConversationSettings)[];
      if (names.length === 0) return;
      const known = (await transaction.get('conversationSettings', accountId)) ?? {};
      if (names.some((name) => (known[name]?.id ?? '') > id))
        throw new MessengerError('clock-skew', 'another choice is of a later time than it is now');
      await applySettings(transaction, deps.conversations, accountId, settings);
      await tellOwnDevices(transaction, deps, { type: 'settings', accountId, settings });
    });
  },
});
