import { deviceKey, LIMITS, messageTime, type AccountId, type DeviceAddress } from '@restante/protocol';
import type { ServerClock } from '../server/clock.ts';
import type { Conversations } from '../conversations/conversations.ts';
import type { SessionWatch } from '../sending/sessions.ts';
import { verificationOf } from '../sending/verification.ts';
import type { Device } from '../account/device.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import type { Messages } from '../conversations/messages.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import { devicesPrefix } from '../vault/keys.ts';
import type { Transaction } from '../vault/store.ts';
import type { VerificationRow } from '../vault/tables.ts';

/**
 * Watches the identity keys of sessions. Once a person has verified a contact, nothing is encrypted for this contact
 * from the moment a device of theirs has a key that was not verified, until the person accepts that.
 */
export type IdentityGuard = {
  /** A session has become this one: notes another key, and a new device of a verified contact. */
  readonly observe: SessionWatch;
  /** These keys are those of the contact, says the person. */
  readonly verify: (
    transaction: Transaction,
    accountId: AccountId,
    identityKeys: readonly string[],
  ) => Promise<void>;
  /** Another own device says with which keys the contact was verified there; what was done here stays. */
  readonly learn: (
    transaction: Transaction,
    accountId: AccountId,
    verification: VerificationRow,
  ) => Promise<void>;
  /** From now on any keys are taken. */
  readonly forget: (transaction: Transaction, accountId: AccountId) => Promise<void>;
};

export type IdentityGuardDeps = {
  readonly events: MessengerEventSource;
  readonly device: Pick<Device, 'accountId'>;
  readonly clock: ServerClock;
  readonly messages: Pick<Messages, 'add'>;
  readonly conversations: Conversations;
  readonly now: () => number;
};

export const createIdentityGuard = (deps: IdentityGuardDeps): IdentityGuard => {
  const { events, device, clock, messages, conversations, now } = deps;

  const recordChange = (
    transaction: Transaction,
    { accountId, deviceId }: DeviceAddress,
    previousKey: string,
    identityKey: string,
  ): void => {
    const change = { previousKey, identityKey, changedAt: now() };
    transaction.put('identityChanges', deviceKey({ accountId, deviceId }), change);
    transaction.afterCommit(() => events.emit('identity-changed', { accountId, deviceId }));
  };

  /** Where there is no conversation, or a hidden one, there is no place for a note. */
  const note = async (transaction: Transaction, accountId: AccountId): Promise<void> => {
    const conversation = conversationWith(accountId);
    const row = await transaction.get('conversations', conversation);
    if (row === undefined || row.standing === 'blocked') return;
    const id = await clock.mint(transaction);
    await messages.add(transaction, accountId, {
      ...{ id, conversation, sentAt: messageTime(id), text: '' },
      ...{ direction: 'in', kind: 'keys-changed', state: 'seen' },
    });
  };

  return {
    observe: async (transaction, remote, previous, { identityKey }) => {
      const { accountId } = remote;
      const isReplaced = previous !== null && previous.identityKey !== identityKey;
      if (previous?.active && !isReplaced) return;
      if (isReplaced) recordChange(transaction, remote, previous.identityKey, identityKey);
      if (accountId === device.accountId()) return;
      const verified = await transaction.get('verifications', accountId);
      const isUnverified = verified !== undefined && !verified.identityKeys.includes(identityKey);
      if (isReplaced || isUnverified) await note(transaction, accountId);
      if (!isUnverified) return;
      transaction.put('verifications', accountId, { ...verified, changed: true });
      await conversations.change(transaction, conversationWith(accountId), { verification: 'changed' });
    },
    verify: async (transaction, accountId, identityKeys) => {
      transaction.put('verifications', accountId, { identityKeys, changed: false });
      await conversations.change(transaction, conversationWith(accountId), { verification: 'verified' });
    },
    learn: async (transaction, accountId, { identityKeys, changed }) => {
      if ((await transaction.get('verifications', accountId)) !== undefined) return;
      const sessions = await transaction.listPrefix('sessions', devicesPrefix(accountId), LIMITS.deviceId);
      const isOther = sessions.some(({ value }) => value.active && !identityKeys.includes(value.identityKey));
      const row = { identityKeys, changed: changed || isOther };
      transaction.put('verifications', accountId, row);
      await conversations.change(transaction, conversationWith(accountId), {
        verification: verificationOf(row),
      });
    },
    forget: async (transaction, accountId) => {
      transaction.delete('verifications', accountId);
      await conversations.change(transaction, conversationWith(accountId), { verification: 'none' });
    },
  };
};
