import type { AccountId } from '@restante/protocol';
import type { Device } from '../account/device.ts';
import type { IdentityGuard } from './identity-guard.ts';
import { hasUnverifiedKeys, verificationOf } from '../sending/verification.ts';
import { MessengerError } from '../messenger-error.ts';
import type { Sessions } from '../sending/sessions.ts';
import type { Ratchet } from '../ratchet/ratchet.ts';
import { createSafetyNumbers, type SafetySide } from './safety-number.ts';
import type { Store, Transaction } from '../vault/store.ts';
import type { Conversation } from '../vault/tables.ts';

/** Whether the keys of a contact are really theirs. */
export type Trust = {
  /** The 60 digits that both people see. Throws `no-session` before the first message. */
  readonly safety: (
    accountId: AccountId,
  ) => Promise<{ readonly digits: string; readonly verification: Conversation['verification'] }>;
  /**
   * The safety number has been compared, or is not relied on any more. `digits`: the number that was compared; throws
   * `keys-changed` when it is another one by now.
   */
  readonly setVerified: (accountId: AccountId, verified: boolean, digits?: string) => Promise<void>;
  /** Goes on with a contact whose keys have changed, without having compared them. */
  readonly acceptKeys: (accountId: AccountId) => Promise<void>;
};

const changed = (): MessengerError =>
  new MessengerError('keys-changed', 'this is not the safety number any more');

export type TrustDeps = {
  readonly store: Store;
  readonly device: Device;
  readonly sessions: Sessions;
  readonly guard: IdentityGuard;
  readonly ratchet: Ratchet;
  readonly loaded: Promise<unknown>;
};

export const createTrust = ({ store, device, sessions, guard, ratchet, loaded }: TrustDeps): Trust => {
  const safetyNumber = createSafetyNumbers(ratchet);

  const keysOf = async (transaction: Transaction, accountId: AccountId): Promise<string[]> => {
    const identityKeys = await sessions.identityKeys(transaction, accountId);
    if (identityKeys.length === 0) throw new MessengerError('no-session', 'write to this account first');
    return identityKeys;
  };
  const sidesOf = async (
    transaction: Transaction,
    accountId: AccountId,
  ): Promise<{ own: SafetySide; other: SafetySide }> => {
    const self = device.accountId();
    if (accountId === self) throw new MessengerError('own-account', 'one has no safety number with oneself');
    const ownKeys = [device.identity().identityKey, ...(await sessions.identityKeys(transaction, self))];
    return {
      own: { accountId: self, identityKeys: ownKeys.sort() },
      other: { accountId, identityKeys: await keysOf(transaction, accountId) },
    };
  };

  const safety: Trust['safety'] = async (accountId) => {
    await loaded;
    const { own, other, row } = await store.transact(async (transaction) => ({
      ...(await sidesOf(transaction, accountId)),
      row: await transaction.get('verifications', accountId),
    }));
    const digits = await safetyNumber(own, other);
    return { digits, verification: verificationOf(row) };
  };

  const verify = async (accountId: AccountId, compared: string | undefined): Promise<void> => {
    const { own, other } = await store.transact((transaction) => sidesOf(transaction, accountId));
    if (compared !== undefined && compared !== (await safetyNumber(own, other))) throw changed();
    await store.transact(async (transaction) => {
      const identityKeys = await keysOf(transaction, accountId);
      if (identityKeys.join() !== other.identityKeys.join()) throw changed();
      await guard.verify(transaction, accountId, identityKeys);
    });
  };

  return {
    safety,
    setVerified: async (accountId, verified, digits) => {
      await loaded;
      if (verified) await verify(accountId, digits);
      else await store.transact((transaction) => guard.forget(transaction, accountId));
    },
    acceptKeys: async (accountId) => {
      await loaded;
      await store.transact(async (transaction) => {
        if (await hasUnverifiedKeys(transaction, accountId)) await guard.forget(transaction, accountId);
      });
    },
  };
};
