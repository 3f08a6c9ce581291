import type { DeviceAddress } from '@restante/protocol';
import type { SessionRenewal } from '../content/kinds/session-renewal.ts';
import { sendAgain, type SendAgainDeps } from '../sending/send-again.ts';
import type { Sessions } from '../sending/sessions.ts';
import type { Transaction } from '../vault/store.ts';
import type { OutdatedVault } from './outdated-vault.ts';

export type ApplyRenewalDeps = SendAgainDeps & {
  readonly sessions: Pick<Sessions, 'renewed'>;
  readonly outdatedVault: OutdatedVault;
};

/** A device could not decrypt messages of a device of this account, and has made a fresh session for them. */
export const applyRenewal = async (
  transaction: Transaction,
  deps: ApplyRenewalDeps,
  asker: DeviceAddress,
  { deviceId, ids, repeats }: SessionRenewal,
): Promise<void> => {
  if (deviceId !== deps.device.address().deviceId) return;
  if (await deps.outdatedVault.learn(transaction, asker.accountId, { ids, repeats }))
    await deps.sessions.renewed(transaction, asker);
  for (const id of ids) await sendAgain(transaction, deps, asker.accountId, id);
};
