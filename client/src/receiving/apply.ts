import type { AccountId, Envelope, MessageId } from '@restante/protocol';
import { shared, type Content, type SharedContent, type TextContent } from '../content/content.ts';
import type { PreferenceStore } from '../account/preferences.ts';
import { boundedTime } from '../vault/keys.ts';
import type { Transaction } from '../vault/store.ts';
import type { Message } from '../vault/tables.ts';
import { applySync, type ApplySyncDeps } from './apply-sync.ts';
import { placed, type Arrival } from './arrival.ts';
import { comeAgain } from './renewal.ts';
import { applyRenewal, type ApplyRenewalDeps } from './apply-renewal.ts';

export type ApplyDeps = ApplyRenewalDeps &
  ApplySyncDeps & {
    readonly preferences: Pick<PreferenceStore, 'stateWhenRead' | 'learn'>;
    /** The author of a text says this is their name. */
    readonly onNameHint: (accountId: AccountId, username: string) => void;
  };

/** A message that has been decrypted. */
export type Opened = {
  readonly envelope: Pick<Envelope, 'id' | 'senderId' | 'senderDeviceId' | 'sentAt'>;
  readonly arrival: Arrival;
  readonly plaintext: Uint8Array;
  /** Null when this messenger does not know its kind or version. */
  readonly content: Content | null;
};

/** Where a content belongs, and how a message begins there. */
type Place = Pick<Message, 'accountId' | 'direction' | 'state'> & {
  readonly author: AccountId;
  /** Where a message with this id stands. */
  readonly timeOf: (id: MessageId) => Pick<Message, 'sentAt' | 'writtenAt'>;
};

const applyText = async (
  transaction: Transaction,
  { messages, onNameHint }: ApplyDeps,
  { author, accountId, direction, state, timeOf }: Place,
  { id, text, from, replyTo }: TextContent,
): Promise<void> => {
  await messages.add(transaction, author, {
    ...{ id, accountId, direction, state, text, kind: 'text', ...timeOf(id) },
    ...(replyTo && { replyTo }),
  });
  if (direction === 'in') transaction.afterCommit(() => onNameHint(author, from));
};

/** What somebody wrote, or did to a message of the conversation. Answers whether its author is owed a receipt. */
const applyShared = async (
  transaction: Transaction,
  deps: ApplyDeps,
  place: Place,
  content: SharedContent,
): Promise<boolean> => {
  const { messages } = deps;
  const { author, accountId } = place;
  switch (content.kind) {
    case 'text':
      await applyText(transaction, deps, place, content);
      return place.direction === 'in';
    case 'reaction': {
      const { id, target, emoji } = content;
      const reactions = { [author]: { emoji, id } };
      if (target.author === accountId || target.author === deps.device.accountId())
        await messages.annotate(transaction, accountId, target, { reactions });
      return false;
    }
    case 'deletion':
      await messages.annotate(transaction, accountId, { author, id: content.target }, { deleted: true });
      return false;
  }
};

/** Kept until this messenger is one that knows it; until then a note stands in its place, where there is one. */
const keepUnknown = async (
  transaction: Transaction,
  { messages }: ApplyDeps,
  { envelope, arrival, plaintext }: Opened,
  place: Place | null,
): Promise<void> => {
  const { id, senderId, senderDeviceId } = envelope;
  const { sentAt, writtenAt } = place?.timeOf(id) ?? placed(id, envelope.sentAt, arrival);
  transaction.put('unknownContents', id, { senderId, senderDeviceId, sentAt, plaintext });
  if (place === null) return;
  const { author, accountId, direction, state } = place;
  await messages.add(transaction, author, {
    ...{ id, accountId, direction, state, sentAt, kind: 'unknown', text: '' },
    ...(writtenAt !== undefined && { writtenAt }),
  });
};

/**
 * What a decrypted message means for the conversations. Answers whether its sender is owed a receipt. Contents that
 * only own devices send mean nothing when others do, and the other way round. Of `blocked` senders nothing is applied;
 * own devices may say that others are.
 */
export const applyPlaintext = async (
  transaction: Transaction,
  deps: ApplyDeps,
  opened: Opened,
  blocked: Set<AccountId>,
): Promise<boolean> => {
  const { device, messages, preferences } = deps;
  const { senderId, senderDeviceId, sentAt } = opened.envelope;
  const { content } = opened;
  const self = device.accountId();
  const fromSelf = senderId === self;
  if (blocked.has(senderId)) return false;
  let { arrival } = opened;
  if (content?.earlier) {
    const firstAt = await comeAgain(transaction, deps, senderId, content.earlier);
    if (firstAt !== null) arrival = { ...arrival, after: Math.min(arrival.after, firstAt) };
  }
  const incoming: Place = {
    ...{ author: senderId, accountId: senderId, direction: 'in', state: 'received' },
    timeOf: (id) => placed(id, sentAt, arrival),
  };
  switch (content?.kind) {
    case 'text':
    case 'reaction':
    case 'deletion':
      return !fromSelf && applyShared(transaction, deps, incoming, content);
    case 'sent': {
      if (!fromSelf) return false;
      const place: Place = {
        ...{ ...incoming, accountId: content.to, direction: 'out', state: 'accepted' },
        // Own devices are believed: it stands everywhere as on the one that it was written on.
        timeOf: (id) => ({ sentAt: boundedTime(id, sentAt) }),
      };
      const copied = shared.safeParse(content.content).data;
      if (copied) await applyShared(transaction, deps, place, copied);
      else await keepUnknown(transaction, deps, opened, place);
      return false;
    }
    case 'receipt':
      if (fromSelf) return false;
      for (const id of content.ids) {
        const state = preferences.stateWhenRead();
        await messages.annotate(transaction, senderId, { author: self, id }, { state });
      }
      return false;
    case 'sync':
      if (fromSelf) await applySync(transaction, deps, content, opened.envelope.senderDeviceId, blocked);
      return false;
    case 'session-renewal':
      await applyRenewal(transaction, deps, { accountId: senderId, deviceId: senderDeviceId }, content);
      return false;
    case undefined:
      await keepUnknown(transaction, deps, opened, fromSelf ? null : incoming);
      return !fromSelf;
  }
};
