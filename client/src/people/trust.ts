import type { AccountId } from '@restante/protocol';
import type { DeviceLists } from '../account/device-lists.ts';
import type { Device } from '../account/device.ts';
import { codeOnDemand } from '../code-on-demand.ts';
import type { IdentityGuard } from './identity-guard.ts';
import { hasUnverifiedKeys, verificationOf } from '../sending/verification.ts';
import { MessengerError } from '../messenger-error.ts';
import type { MasterApi } from '../server/master-api.ts';
import type { Store } from '../vault/store.ts';
import type { Conversation } from '../vault/tables.ts';

/** Whether the key of a contact is really theirs. */
export type Trust = {
  /** The 60 digits that both people see. Throws `no-session` while the device list of either account is not known. */
  readonly safety: (
    accountId: AccountId,
  ) => Promise<{ readonly digits: string; readonly verification: Conversation['verification'] }>;
  /**
   * The safety number has been compared, or is not relied on any more. `digits`: the number that was compared; throws
   * `keys-changed` when it is another one by now.
   */
  readonly setVerified: (accountId: AccountId, verified: boolean, digits?: string) => Promise<void>;
  /** Goes on with a contact whose key has changed, without having compared it. */
  readonly acceptKeys: (accountId: AccountId) => Promise<void>;
};

const safetyNumberCode = codeOnDemand(() => import('./safety-number.ts'));

const changed = (): MessengerError =>
  new MessengerError('keys-changed', 'this is not the safety number any more');

export type TrustDeps = {
  readonly store: Store;
  readonly device: Device;
  readonly api: Pick<MasterApi, 'deviceList'>;
  readonly lists: DeviceLists;
  readonly guard: IdentityGuard;
  readonly loaded: Promise<unknown>;
};

export const createTrust = ({ store, device, api, lists, guard, loaded }: TrustDeps): Trust => {
  const keyOf = async (accountId: AccountId): Promise<string> => {
    const known = await store.get('deviceLists', accountId);
    if (known !== undefined) return known.accountKey;
    const list = await api.deviceList(accountId).catch((cause: unknown) => {
      throw new MessengerError('no-session', 'nothing is known of the key of this account', { cause });
    });
    await store.transact((transaction) => lists.learn(transaction, accountId, list));
    const learnt = await store.get('deviceLists', accountId);
    if (learnt === undefined)
      throw new MessengerError('no-session', 'the list of this account is not signed');
    return learnt.accountKey;
  };
  const numberWith = async (accountId: AccountId): Promise<{ digits: string; key: string }> => {
    const self = device.accountId();
    if (accountId === self) throw new MessengerError('own-account', 'one has no safety number with oneself');
    const key = await keyOf(accountId);
    const { safetyNumber } = await safetyNumberCode();
    return { digits: safetyNumber({ accountId: self, key: await keyOf(self) }, { accountId, key }), key };
  };

  return {
    safety: async (accountId) => {
      await loaded;
      const { digits } = await numberWith(accountId);
      return { digits, verification: verificationOf(await store.get('verifications', accountId)) };
    },
    setVerified: async (accountId, verified, compared) => {
      await loaded;
      if (!verified) {
        await store.transact((transaction) => guard.forget(transaction, accountId));
        return;
      }
      const { digits, key } = await numberWith(accountId);
      if (compared !== undefined && compared !== digits) throw changed();
      await store.transact(async (transaction) => {
        if ((await transaction.get('deviceLists', accountId))?.accountKey !== key) throw changed();
        await guard.verify(transaction, accountId, key);
      });
    },
    acceptKeys: async (accountId) => {
      await loaded;
      await store.transact(async (transaction) => {
        if (await hasUnverifiedKeys(transaction, accountId)) await guard.forget(transaction, accountId);
      });
    },
  };
};
