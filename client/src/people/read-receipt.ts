import type { AccountId } from '@restante/protocol';
import { encodeContent } from '../content/codec.ts';
import { CONTENT_VERSION } from '../content/parts.ts';
import type { Device } from '../account/device.ts';
import type { PreferenceStore } from '../account/preferences.ts';
import { mayBeTold, standingOf } from './standings.ts';
import type { Transaction } from '../vault/store.ts';
import type { Message } from '../vault/tables.ts';

export type ReceiptDeps = {
  readonly preferences: Pick<PreferenceStore, 'current'>;
  readonly device: Pick<Device, 'accessFor'>;
};

/**
 * What tells the author of these incoming messages, at most MAX_REFERENCES, that they have been read; null: it may not be
 * told. What this messenger cannot read has not been read.
 */
export const readReceipt = async (
  transaction: Transaction,
  { preferences, device }: ReceiptDeps,
  accountId: AccountId,
  seen: readonly Message[],
): Promise<{ readonly accountId: AccountId; readonly plaintext: Uint8Array } | null> => {
  const ids = seen.filter(({ kind }) => kind === 'text').map(({ id }) => id);
  if (ids.length === 0 || !preferences.current().readReceipts) return null;
  const standing = await standingOf(transaction, accountId);
  if (!mayBeTold(standing)) return null;
  const access = standing === 'accepted' ? device.accessFor(accountId) : undefined;
  const plaintext = encodeContent({
    ...{ v: CONTENT_VERSION, kind: 'receipt', state: 'read', ids },
    ...(access === undefined ? {} : { access }),
  });
  return { accountId, plaintext };
};
