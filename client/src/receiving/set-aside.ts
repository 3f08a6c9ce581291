import type { AccountId, Envelope, MessageId } from '@restante/protocol';
import type { Device } from '../account/device.ts';
import type { Messages } from '../conversations/messages.ts';
import type { MessengerEventSource } from '../events/messenger-events.ts';
import { standingsOf } from '../people/standings.ts';
import type { Unread } from '../ratchet/ratchet.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import type { Transaction } from '../vault/store.ts';
import type { SetAside } from '../vault/tables.ts';
import type { Row } from '../vault/vault.ts';

/**
 * Messages that cannot be decrypted are set aside, so that they neither block others nor are lost, until they come
 * again. So is what the ratchet calls a repetition, and this vault has never seen (law 17): its sender's vault was put
 * back or copied.
 */

/** Of all senders together: the oldest of whoever has most goes first. */
const MAX_SET_ASIDE = 1_000;
/** Of a sender who has not been let in. */
const MAX_OF_STRANGER = 100;

export type SetAsideDeps = {
  readonly device: Pick<Device, 'accountId' | 'address'>;
  readonly messages: Pick<Messages, 'countUnreadable'>;
  readonly events: Pick<MessengerEventSource, 'emit'>;
};

/** Copies of what own devices have sent belong to conversations that nobody knows yet: they are not counted. */
type CountDeps = Pick<SetAsideDeps, 'device' | 'messages'>;
const count = async (
  transaction: Transaction,
  { device, messages }: CountDeps,
  accountId: AccountId,
  change: number,
): Promise<void> => {
  if (accountId === device.accountId()) return;
  await messages.countUnreadable(transaction, conversationWith(accountId), change);
};

export const setAside = async (
  transaction: Transaction,
  deps: SetAsideDeps,
  envelope: Pick<Envelope, 'id' | 'senderId' | 'senderDeviceId' | 'sentAt'>,
  reason: Unread['reason'],
): Promise<void> => {
  const { id, senderId, senderDeviceId, sentAt } = envelope;
  const repeats = reason === 'duplicate' && ({ repeats: true } as const);
  transaction.put('setAside', id, {
    ...{ senderId, senderDeviceId, sentAt, requested: false },
    ...repeats,
  });
  await count(transaction, deps, senderId, 1);
  transaction.afterCommit(() => deps.events.emit('undecryptable', { id, senderId, senderDeviceId, sentAt }));
};

/** These are here now: they have come again from their sender. Answers when the first of them came, null for none. */
export const comeAgain = async (
  transaction: Transaction,
  deps: CountDeps,
  senderId: AccountId,
  ids: readonly MessageId[],
): Promise<number | null> => {
  const rows = await transaction.getMany('setAside', ids);
  const found = new Map(
    ids.flatMap((id, index) => (rows[index]?.senderId === senderId ? [[id, rows[index].sentAt]] : [])),
  );
  if (found.size === 0) return null;
  for (const id of found.keys()) transaction.delete('setAside', id);
  await count(transaction, deps, senderId, -found.size);
  return Math.min(...found.values());
};

type Rows = Row<SetAside>[];

/** How many each sender may keep. */
const shares = async (
  transaction: Transaction,
  self: AccountId,
  bySender: ReadonlyMap<AccountId, Rows>,
): Promise<ReadonlyMap<AccountId, number>> => {
  const isMany = (sender: AccountId): boolean => (bySender.get(sender)?.length ?? 0) > MAX_OF_STRANGER;
  const standings = await standingsOf(transaction, [...bySender.keys()].filter(isMany));
  const mayKeep = (sender: AccountId): number =>
    sender === self || standings.get(sender) === 'accepted' ? MAX_SET_ASIDE : MAX_OF_STRANGER;
  const kept = new Map(
    [...bySender].map(([sender, rows]) => [sender, Math.min(rows.length, mayKeep(sender))]),
  );
  let surplus = [...kept.values()].reduce((sum, each) => sum + each, 0) - MAX_SET_ASIDE;
  for (; surplus > 0; surplus -= 1) {
    const [most, has] = [...kept].reduce((a, b) => (b[1] > a[1] ? b : a));
    kept.set(most, has - 1);
  }
  return kept;
};

/** What is set aside, in the order of its ids, without what is too much: that goes. */
export const withoutSurplus = async (transaction: Transaction, deps: CountDeps): Promise<Rows> => {
  const rows = await transaction.list('setAside', { limit: 2 * MAX_SET_ASIDE });
  const bySender = Map.groupBy(rows, ({ value }) => value.senderId);
  const kept = await shares(transaction, deps.device.accountId(), bySender);
  const gone = new Set<string>();
  for (const [sender, theirs] of bySender) {
    const surplus = theirs.slice(0, theirs.length - (kept.get(sender) ?? 0));
    if (surplus.length === 0) continue;
    for (const { key } of surplus) {
      transaction.delete('setAside', key);
      gone.add(key);
    }
    await count(transaction, deps, sender, -surplus.length);
  }
  return rows.filter(({ key }) => !gone.has(key));
};
