import { deviceKey, messageTime, type DeviceAddress, type MessageId } from '@restante/protocol';
import type { Transaction } from '../vault/store.ts';
import type { OutboxEntry } from '../vault/tables.ts';

/**
 * Notes the devices that something goes out without although they are on their account's list: a master said that it does not have
 * them, or they came onto the list when it was encrypted already. It is made good for each when a master has it (`making-good.ts`).
 * Answers whether there are any.
 */
export const noteLeftOut = async (
  transaction: Transaction,
  self: DeviceAddress,
  id: MessageId,
  { recipients, ownCopy }: Pick<OutboxEntry, 'recipients' | 'ownCopy'>,
): Promise<boolean> => {
  const accounts = new Set(recipients.map(({ accountId }) => accountId));
  if (ownCopy !== null) accounts.add(self.accountId);
  const timeMs = messageTime(id);
  let areAny = false;
  for (const accountId of accounts) {
    const { devices = [], absent = [] } = (await transaction.get('deviceLists', accountId)) ?? {};
    const envelopes = recipients.find((each) => each.accountId === accountId)?.envelopes ?? [];
    const isOwn = accountId === self.accountId;
    for (const { deviceId, registrationId } of devices) {
      const isReached = envelopes.some(
        (each) => each.deviceId === deviceId && each.registrationId === registrationId,
      );
      if (isReached) continue;
      // What own devices lack that are there is told to each by itself (`newcomers.ts`).
      if (isOwn && !absent.includes(deviceId)) continue;
      const key = deviceKey({ accountId, deviceId });
      const noted = await transaction.get('leftOut', key);
      const fromMs = Math.min(timeMs, noted?.fromMs ?? timeMs);
      const toMs = Math.max(timeMs, noted?.toMs ?? timeMs);
      if (noted?.fromMs !== fromMs || noted.toMs !== toMs) transaction.put('leftOut', key, { fromMs, toMs });
      areAny = true;
    }
  }
  return areAny;
};
