import type { AccountId, MessageId } from '@restante/protocol';
import type { ServerClock } from '../server/clock.ts';
import { addressed } from '../content/addressed.ts';
import { decodeContent, encodeContent } from '../content/codec.ts';
import { MAX_EARLIER_IDS } from '../content/parts.ts';
import { rowKindOf } from '../content/shared.ts';
import type { Device } from '../account/device.ts';
import type { Composer } from './compose.ts';
import { named } from '../vault/conversation-id.ts';
import { authoredKey } from '../vault/keys.ts';
import type { Transaction } from '../vault/store.ts';
import type { SentId } from '../vault/tables.ts';

/** What a reader could not decrypt is sent again at most this often: readers ask for it, and may be broken. */
const MAX_TIMES = 3;
/** What went out without a device: it comes again for each that is back, and by this device's own knowledge alone. */
export const MAX_TIMES_MADE_GOOD = MAX_EARLIER_IDS;

export type SendAgainDeps = {
  readonly device: Device;
  readonly clock: ServerClock;
  readonly composer: Composer;
};

/** What was sent; a text that was taken back since, or an edit of it, is a deletion now. Null when its row has been deleted. */
export const contentsOf = async (
  transaction: Transaction,
  { device, clock }: SendAgainDeps,
  { messageKey, edit, contents }: SentId,
): Promise<SentId['contents']> => {
  const self = device.self();
  const key = edit
    ? await transaction.get('messageKeys', authoredKey(self.accountId, edit.target))
    : messageKey;
  if (key === null) return contents;
  const message = key === undefined ? undefined : await transaction.get('messages', key);
  if (message === undefined) return null;
  const writing = { username: self.username, mint: () => clock.mint(transaction), edit: edit?.id };
  const content = await rowKindOf(message)?.again(message, writing);
  return content ? addressed(self, named(message.conversation).accountId, content) : null;
};

/** The same content, once more: it stands for what was sent as `earlier`. */
export const comingAgain = (
  plaintext: Uint8Array | null,
  earlier: readonly MessageId[],
): Uint8Array | null => {
  const content = plaintext && decodeContent(plaintext);
  return content && encodeContent({ ...content, earlier: [...earlier] });
};

/** Sends an account again what one of its devices could not decrypt, or did not get; nothing that has come again `atMost` times. */
export const sendAgain = async (
  transaction: Transaction,
  deps: SendAgainDeps,
  asker: AccountId,
  storedId: MessageId,
  atMost = MAX_TIMES,
): Promise<void> => {
  const sent = await transaction.get('sentIds', storedId);
  if (!sent || sent.sentAgain?.includes(asker) || sent.earlier.length >= atMost) return;
  const contents = await contentsOf(transaction, deps, sent);
  const earlier = [...sent.earlier, storedId];
  const own = asker === deps.device.accountId();
  const wanted = own ? contents?.ownCopy : asker === contents?.to?.accountId && contents.to.plaintext;
  const plaintext = comingAgain(wanted || null, earlier);
  if (plaintext === null) return;
  transaction.put('sentIds', storedId, { ...sent, sentAgain: [...(sent.sentAgain ?? []), asker] });
  await deps.composer.enqueue(transaction, await deps.clock.mint(transaction), {
    to: own ? null : { accountId: asker, plaintext },
    ownCopy: own ? plaintext : null,
    renew: [],
    shows: sent.messageKey,
    ...(sent.edit && { edit: sent.edit }),
    earlier,
  });
};
