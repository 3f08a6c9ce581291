import type { ServerClock } from '../server/clock.ts';
import { encodeContent } from '../content/codec.ts';
import type { Sync } from '../content/kinds/sync.ts';
import { CONTENT_VERSION } from '../content/parts.ts';
import type { Composer } from './compose.ts';
import { toBase64 } from '../base64.ts';
import type { Transaction } from '../vault/store.ts';
import { ONLY } from '../vault/tables.ts';

export type OwnSyncDeps = { readonly clock: ServerClock; readonly composer: Composer };

/** Queues news for this account's other devices: what has been done on this one. */
export const tellOwnDevices = async (
  transaction: Transaction,
  { clock, composer }: OwnSyncDeps,
  change: Sync['change'],
): Promise<void> =>
  composer.enqueue(transaction, await clock.mint(transaction), {
    to: null,
    ownCopy: encodeContent({ v: CONTENT_VERSION, kind: 'sync', change }),
    renew: [],
    shows: null,
  });

/** Sends the account key to the other devices on the own list, if this one has it. */
export const tellAccountKey = async (transaction: Transaction, deps: OwnSyncDeps): Promise<void> => {
  const key = await transaction.get('accountKey', ONLY);
  if (key !== undefined)
    await tellOwnDevices(transaction, deps, { type: 'account-key', privateKey: toBase64(key.privateKey) });
};
