import type { AccountId, DeviceAddress, Session } from '@restante/protocol';
import type { TokenSigner } from '@restante/service-kit';
import type { Config } from '../config.ts';
import type { AccountRecord } from '../directory/directory.ts';
import type { Access } from './access.ts';
import { cellOf, type Cell } from '../mailboxes/cell.ts';

/** The tokens of a device, and where its mail is. */
export type IssueSession = (
  device: DeviceAddress,
  account: Pick<AccountRecord, 'username' | 'tokenGeneration' | 'list'>,
) => Promise<Session>;

export const createIssueSession = (
  signer: TokenSigner,
  config: Pick<Config, 'tokens' | 'mailboxes' | 'serverOrigins'>,
  cells: readonly [Cell, ...Cell[]],
  access: Pick<Access, 'keyOf'>,
  now: () => number,
): IssueSession => {
  const nodesOf = (account: AccountId): string[] =>
    cellOf(account, cells).nodes.map((node) => node.publicUrl);
  return async (device, { username, tokenGeneration, list }) => {
    const serverTime = now();
    const masterTokenExpiresAt = serverTime + config.tokens.masterTtlMs;
    const mailboxTokenExpiresAt = serverTime + config.tokens.mailboxTtlMs;
    const [masterToken, mailboxToken] = await Promise.all([
      signer.device(device, 'master', masterTokenExpiresAt, tokenGeneration),
      signer.device(device, 'mailbox', mailboxTokenExpiresAt, list?.generation ?? 0),
    ]);
    return {
      accountId: device.accountId,
      deviceId: device.deviceId,
      username,
      masterToken,
      masterTokenExpiresAt,
      mailboxToken,
      mailboxTokenExpiresAt,
      mailboxNodes: nodesOf(device.accountId),
      ...(config.serverOrigins.length === 0 ? {} : { masters: [...config.serverOrigins] }),
      writeConcern: config.mailboxes.writeConcern,
      accessKey: access.keyOf(device.accountId),
      serverTime,
    };
  };
};
