import type { ServerClock } from '../server/clock.ts';
import { encodeContent } from '../content/codec.ts';
import type { Sync } from '../content/kinds/sync.ts';
import { CONTENT_VERSION } from '../content/parts.ts';
import type { Composer } from './compose.ts';
import type { Transaction } from '../vault/store.ts';

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
