import { mintMessageId } from '@restante/protocol';
import { conversationWith, readRow, type Message } from '@restante/client';
import { sqliteVault } from '@restante/client/node';

/** Texts in words, of 20 to 140 characters. */
const textOf = (index: number): string => `${index} ${'we meet at the old bridge, '.repeat(1 + (index % 5))}`;

/**
 * Puts messages of before into a vault that nobody has open: one each minute until an hour ago, by turns in so many conversations, each second one
 * an own one.
 */
export const fillVault = async (
  vaultFile: string,
  { messages, conversations }: { readonly messages: number; readonly conversations: number },
): Promise<void> => {
  const vault = sqliteVault(vaultFile);
  const self = readRow('self', await vault.get('self', 'only'));
  if (self === undefined) throw new Error('nobody has registered with this vault');
  const endsAt = Date.now() - 60 * 60 * 1000;
  const accountOf = (index: number): string =>
    `${String(index % conversations).padStart(8, '0')}-0000-4000-8000-000000000000`;
  const last = new Map<string, Message>();
  for (let from = 0; from < messages; from += 5_000) {
    const changes = Array.from({ length: Math.min(5_000, messages - from) }, (_, offset) => {
      const index = from + offset;
      const sentAt = endsAt - (messages - index) * 60_000;
      const random = new Uint8Array(10);
      new DataView(random.buffer).setUint32(6, index);
      const conversation = conversationWith(accountOf(index));
      const isOwn = Math.floor(index / conversations) % 2 === 1;
      const message: Message = {
        ...{ id: mintMessageId(sentAt, random), conversation, sentAt, kind: 'text', text: textOf(index) },
        ...(isOwn ? { direction: 'out', state: 'read', copies: 3 } : { direction: 'in', state: 'seen' }),
      };
      last.set(conversation, message);
      const key = `${conversation}:${sentAt.toString(16).padStart(12, '0')}:${message.id}:${message.direction}`;
      const author = isOwn ? self.accountId : accountOf(index);
      return [
        { table: 'messages', key, value: message },
        { table: 'messageKeys', key: `${author}:${message.id}`, value: key },
      ] as const;
    });
    await vault.commit(changes.flat());
  }
  await vault.commit(
    [...last].map(([, { id, conversation, direction, kind, text, sentAt }], index) => ({
      ...{ table: 'conversations', key: conversation },
      value: {
        ...{
          id: conversation,
          username: `person${index}`,
          standing: 'accepted',
          unread: 0,
          lastMessageAt: sentAt,
        },
        ...{ preview: { id, direction, kind, text }, unreadable: 0, draft: '', verification: 'none' },
        settings: { pinned: false, mutedUntil: null, archivedAt: null, markedUnread: false, nickname: null },
      },
    })),
  );
  await vault.close();
};
