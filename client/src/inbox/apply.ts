import type { AccountId, Envelope, MessageId } from '@restante/protocol';
import type { ServerClock } from '../clock.ts';
import { decodeContent, encodeContent } from '../content/codec.ts';
import { CONTENT_VERSION, shared, type SessionRenewal, type TextContent } from '../content/content.ts';
import type { Conversations } from '../conversations.ts';
import type { Device } from '../device.ts';
import type { Messages } from '../messages.ts';
import type { Composer } from '../outbox/compose.ts';
import { applyStanding } from '../standings.ts';
import { boundedTime } from '../vault/keys.ts';
import type { Transaction } from '../vault/store.ts';
import type { Message } from '../vault/tables.ts';

/** A message that its reader could not decrypt is sent again at most this often. */
const MAX_GENERATION = 3;

export type ApplyDeps = {
  readonly device: Device;
  readonly clock: ServerClock;
  readonly messages: Messages;
  readonly conversations: Conversations;
  readonly composer: Composer;
  /** The author of a text says this is their name. */
  readonly onNameHint: (accountId: AccountId, username: string) => void;
};

/** The contents of a text as it is sent to others and to own devices. */
export const textContents = (
  self: { readonly accountId: AccountId; readonly username: string },
  { id, accountId, text, replyTo }: Pick<Message, 'id' | 'accountId' | 'text' | 'replyTo'>,
) => {
  const content: TextContent = {
    ...{ v: CONTENT_VERSION, kind: 'text', id, from: self.username, text },
    ...(replyTo && { replyTo }),
  };
  return {
    plaintext: encodeContent(content),
    ownCopy: encodeContent({ v: CONTENT_VERSION, kind: 'sent', to: accountId, content }),
  };
};

const sendAgain = async (
  transaction: Transaction,
  { device, clock, composer }: ApplyDeps,
  asker: AccountId,
  storedId: MessageId,
): Promise<void> => {
  const sent = await transaction.get('sentIds', storedId);
  const message = sent && (await transaction.get('messages', sent.messageKey));
  if (!sent || !message || sent.generation >= MAX_GENERATION) return;
  const self = device.self();
  if (asker !== message.accountId && asker !== self.accountId) return;
  const { plaintext, ownCopy } = textContents(self, message);
  transaction.delete('sentIds', storedId);
  await composer.enqueue(transaction, await clock.mint(transaction), {
    to: asker === self.accountId ? null : { accountId: asker, plaintext },
    ownCopy: asker === self.accountId ? ownCopy : null,
    renew: [],
    shows: { messageKey: sent.messageKey, generation: sent.generation + 1 },
  });
};

const renew = async (
  transaction: Transaction,
  deps: ApplyDeps,
  asker: AccountId,
  { deviceId, ids }: SessionRenewal,
): Promise<void> => {
  if (deviceId !== deps.device.address().deviceId) return;
  for (const id of ids) await sendAgain(transaction, deps, asker, id);
};

/**
 * What a decrypted message means for the conversations. Answers whether its sender is owed a receipt. Of `blocked`
 * senders nothing is applied; own devices may say that others are.
 */
export const applyPlaintext = async (
  transaction: Transaction,
  deps: ApplyDeps,
  envelope: Envelope,
  plaintext: Uint8Array,
  blocked: Set<AccountId>,
): Promise<boolean> => {
  const { device, messages, onNameHint } = deps;
  if (blocked.has(envelope.senderId)) return false;
  const { id, senderId, senderDeviceId, sentAt } = envelope;
  const fromSelf = senderId === device.accountId();
  const content = decodeContent(plaintext);
  const incoming = {
    accountId: senderId,
    direction: 'in',
    state: 'received',
    envelope: { id, senderDeviceId },
  } as const;

  if (content?.kind === 'session-renewal') {
    await renew(transaction, deps, senderId, content);
    return false;
  }
  if (content?.kind === 'sync' && content.change.type === 'standing' && fromSelf) {
    await applyStanding(transaction, deps, content.change, blocked);
    return false;
  }
  const copied = content?.kind === 'sent' && fromSelf ? shared.safeParse(content.content).data : undefined;
  if (content?.kind === 'sent' && copied?.kind === 'text') {
    await messages.add(transaction, senderId, {
      id: copied.id,
      accountId: content.to,
      direction: 'out',
      sentAt: boundedTime(copied.id, sentAt),
      kind: 'text',
      text: copied.text,
      state: 'accepted',
    });
    return false;
  }
  if (content?.kind === 'text' && !fromSelf) {
    await messages.add(transaction, senderId, {
      ...incoming,
      id: content.id,
      sentAt: boundedTime(content.id, sentAt),
      kind: 'text',
      text: content.text,
    });
    transaction.afterCommit(() => onNameHint(senderId, content.from));
    return true;
  }
  await messages.add(transaction, senderId, { ...incoming, id, sentAt, kind: 'unknown', text: '' });
  return !fromSelf;
};
