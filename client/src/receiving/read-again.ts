import type { AccountId } from '@restante/protocol';
import { decodeContent } from '../content/codec.ts';
import { conversationOf, isKnown } from '../content/content.ts';
import { blockedSenders } from '../people/standings.ts';
import { pagesOf } from '../vault/pages.ts';
import type { Store, Transaction } from '../vault/store.ts';
import type { UnknownContent } from '../vault/tables.ts';
import type { Row } from '../vault/vault.ts';
import { applyPlaintext, type ApplyDeps } from './apply.ts';

const PAGE = 100;

/** Puts what a content means in the place of the row that showed it as unknown. */
const readOne = async (
  transaction: Transaction,
  deps: ApplyDeps,
  { key: id, value }: Row<UnknownContent>,
  blocked: Set<AccountId>,
): Promise<void> => {
  const content = decodeContent(value.plaintext);
  if (content === null || !isKnown(content)) return;
  const { senderId: author, plaintext } = value;
  const conversation = conversationOf(content, author);
  const shown = await deps.messages.find(transaction, conversation, { author, id });
  if (shown !== null) await deps.messages.remove(transaction, shown, author);
  transaction.delete('unknownContents', id);
  // It stays where its note has stood.
  const arrival = { after: value.sentAt, at: value.sentAt };
  const opened = { envelope: { id, ...value }, arrival, plaintext, content };
  await applyPlaintext(transaction, deps, opened, blocked);
  if (content.kind === 'text' && shown?.message.state === 'seen')
    await deps.messages.annotate(
      transaction,
      conversation,
      { author, id: content.id },
      {
        ...{ state: 'seen', seenAt: deps.clock.now() },
      },
    );
};

/** Reads again what an older messenger on this device did not know. */
export const readAgain = async (store: Store, deps: ApplyDeps): Promise<void> => {
  for await (const rows of pagesOf(store, 'unknownContents', { limit: PAGE }))
    await store.transact(async (transaction) => {
      const senders = rows.map(({ value }) => value);
      const blocked = await blockedSenders(transaction, senders, deps.device.accountId());
      for (const row of rows) await readOne(transaction, deps, row, blocked);
    });
};
