import {
  deviceKey,
  messageTime,
  type AccountId,
  type DeviceAddress,
  type DeviceId,
  type MessageId,
} from '@restante/protocol';
import { conversationWith } from '../vault/conversation-id.ts';
import { conversationPrefix } from '../vault/keys.ts';
import type { Transaction } from '../vault/store.ts';
import { ONLY, type LeftOut, type OutboxEntry } from '../vault/tables.ts';

/** Answers whether nothing was noted of the device before. */
const note = async (transaction: Transaction, device: DeviceAddress, times: LeftOut): Promise<boolean> => {
  const key = deviceKey(device);
  const noted = await transaction.get('leftOut', key);
  const { fromMs, toMs } = noted ?? times;
  transaction.put('leftOut', key, {
    fromMs: Math.min(fromMs, times.fromMs),
    toMs: Math.max(toMs, times.toMs),
  });
  return noted === undefined;
};

/**
 * Notes the devices that something goes out without although they are on their account's list: a master said that it does not have
 * them, or they came onto the list when it was encrypted already. It is made good for each when a master has it (`making-good.ts`).
 * Answers whether there are any of which nothing was noted before.
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
  let areNew = false;
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
      const times = { fromMs: timeMs, toMs: timeMs };
      areNew = (await note(transaction, { accountId, deviceId }, times)) || areNew;
    }
  }
  return areNew;
};

/** Of a conversation, the newest ones: whoever is at a server for longer that is cut off has seen it. */
const MAX_TEXTS = 500;

/**
 * The same for devices of a contact that are new here: the last texts to it that were accepted with fewer copies than wanted are noted. The
 * server that took them was cut off from others, and may not have known of the device either.
 */
export const noteUnknown = async (
  transaction: Transaction,
  accountId: AccountId,
  devices: readonly DeviceId[],
): Promise<void> => {
  if (devices.length === 0) return;
  const wanted = (await transaction.get('tokens', ONLY))?.writeConcern ?? 1;
  const prefix = conversationPrefix(conversationWith(accountId));
  const rows = await transaction.list('messages', { prefix, reverse: true, limit: MAX_TEXTS });
  const sent = rows.map(({ value }) => value).filter(({ copies }) => copies !== undefined);
  const end = sent.findIndex(({ copies = wanted }) => copies >= wanted);
  const times = (end === -1 ? sent : sent.slice(0, end)).map(({ sentAt }) => sentAt);
  const [fromMs, toMs] = [times.at(-1), times[0]];
  if (fromMs === undefined || toMs === undefined) return;
  for (const deviceId of devices) await note(transaction, { accountId, deviceId }, { fromMs, toMs });
};
