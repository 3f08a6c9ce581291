import type { DeviceId } from '@restante/protocol';
import type { Device } from '../account/device.ts';
import { tellOwnDevices, type OwnSyncDeps } from './own-sync.ts';
import type { Transaction } from '../vault/store.ts';
import { ONLY } from '../vault/tables.ts';

/**
 * A device that is new to its account asks the others what they know: whom the person lets in, whose keys were compared, what was
 * chosen. Until one of them has answered, or for a day, nobody is told that something arrived here of whom this device does
 * not know that they are let in: such receipts are held. They are dropped for those who turn out to be blocked.
 */

const HOLD_MS = 24 * 60 * 60 * 1000;
/** When it is asked again. */
const ASK_AGAIN_MS = HOLD_MS;

/** To be called when the other devices are known and have sessions. */
export const introduce = async (
  transaction: Transaction,
  deps: OwnSyncDeps & { readonly device: Pick<Device, 'address'> },
  others: number,
): Promise<void> => {
  const row = await transaction.get('introduction', ONLY);
  if (row === undefined) return;
  if (others === 0) {
    transaction.delete('introduction', ONLY);
    return;
  }
  const nowMs = deps.clock.now();
  if (row.askedAt !== null && nowMs < row.askedAt + ASK_AGAIN_MS) return;
  transaction.put('introduction', ONLY, { ...row, askedAt: nowMs });
  const { deviceId } = deps.device.address();
  await tellOwnDevices(transaction, deps, { type: 'introduction', deviceId, since: row.since });
};

/** Notes that another device has answered with this part of what it knows. */
export const noteAnswer = async (
  transaction: Transaction,
  from: DeviceId,
  { part, parts }: { readonly part: number; readonly parts: number },
): Promise<void> => {
  const row = await transaction.get('introduction', ONLY);
  if (row === undefined) return;
  const heard = [...new Set([...(row.heard[from] ?? []), part])];
  if (heard.length >= parts) transaction.delete('introduction', ONLY);
  else transaction.put('introduction', ONLY, { ...row, heard: { ...row.heard, [from]: heard } });
};

export const isIntroduced = async (reader: Pick<Transaction, 'get'>, nowMs: number): Promise<boolean> => {
  const row = await reader.get('introduction', ONLY);
  return row === undefined || nowMs >= row.since + HOLD_MS;
};
