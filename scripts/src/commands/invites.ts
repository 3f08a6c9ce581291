import { directoryDatabase, inviteCode, nodeDatabase } from '@restante/protocol';
import { openInvites, type Invite, type Invites } from '@restante/master-node';
import {
  ConfigError,
  couchUrls,
  createLog,
  databasePrefix,
  httpUrl,
  readEnvironment,
} from '@restante/service-kit';
import { z } from 'zod';
import { readOptions, UsageError, type Command } from '../cli/command.ts';
import { whole } from '../cli/option-values.ts';
import { table } from '../cli/table.ts';
import { findRunningCluster } from '../cluster/index.ts';
import { ensureSecrets } from '../cluster/secrets.ts';

const environment = z.object({
  DATA_DIR: z.string().default('.data'),
  DIRECTORY_URLS: couchUrls.optional(),
  DIRECTORY_PRIVATE_KEY: z.string().optional(),
  DIRECTORY_PUBLIC_KEYS: z.string().optional(),
  DATABASE_PREFIX: databasePrefix.optional(),
});

const options = z.strictObject({
  make: whole(1, 1000).optional(),
  days: whole(1, 3650).optional(),
  note: z.string().max(200, 'needs at most 200 characters').optional(),
  url: httpUrl.optional(),
  revoke: z.string().optional(),
  json: z.boolean().default(false),
});

const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_DAYS = 14;
const TIMEOUT_MS = 10_000;
/** Enough of a hash to tell codes apart. */
const MIN_HASH_DIGITS = 6;

/** The directory that masters have, of the environment or of the cluster that runs on the data folder. @throws ConfigError */
const findDirectory = async (variables: Readonly<Record<string, string | undefined>>) => {
  const read = readEnvironment(environment, variables);
  if (read.DIRECTORY_URLS === undefined) {
    const running = await findRunningCluster(read.DATA_DIR);
    if (running === null) {
      throw new ConfigError(
        `No cluster runs on ${read.DATA_DIR}. Start one (npm start), or name another by DIRECTORY_URLS, DIRECTORY_PRIVATE_KEY and DIRECTORY_PUBLIC_KEYS.`,
      );
    }
    const { directoryPrivateKey, directoryPublicKeys } = ensureSecrets(read.DATA_DIR);
    return {
      urls: running.couches.map(({ dataUrl }) => dataUrl),
      ...{ privateKey: directoryPrivateKey, publicKeys: directoryPublicKeys },
      prefix: running.databasePrefix,
    };
  }
  const { DIRECTORY_PRIVATE_KEY: privateKey, DIRECTORY_PUBLIC_KEYS: publicKeys } = read;
  if (privateKey === undefined || publicKeys === undefined)
    throw new ConfigError('DIRECTORY_URLS needs DIRECTORY_PRIVATE_KEY and DIRECTORY_PUBLIC_KEYS beside it');
  return { urls: read.DIRECTORY_URLS, privateKey, publicKeys, prefix: read.DATABASE_PREFIX };
};

const text = (timeMs: number | null): string => (timeMs === null ? '' : new Date(timeMs).toISOString());

const rowOf = ({ hash, state, createdAt, expiresAt, endedAt, username, note }: Invite): string[] => [
  hash.slice(0, 2 * MIN_HASH_DIGITS),
  ...[state, text(createdAt), text(expiresAt), text(endedAt), username ?? '', note],
];

/** The one that a code, or the first digits of a hash, names. */
const find = async (invites: Invites, given: string): Promise<Invite> => {
  const code = inviteCode.safeParse(given).data;
  const hash = code === undefined ? given.toLowerCase() : invites.hashOf(code);
  if (!/^[0-9a-f]+$/.test(hash) || hash.length < MIN_HASH_DIGITS)
    throw new UsageError(
      `--revoke: needs a code, or at least ${MIN_HASH_DIGITS} digits of what the list tells`,
    );
  const found = (await invites.list()).filter((invite) => invite.hash.startsWith(hash));
  const [one] = found;
  if (one === undefined) throw new Error('there is no such code');
  if (found.length > 1) throw new Error('there are several such codes: give more digits');
  return one;
};

export const invites: Command = {
  summary: 'codes with which accounts are made where REGISTRATION=invite',
  help: `
Usage: npm run invites [-- --make <count> | --revoke <code>]

Without an option: all codes that were ever made, and what became of them. A code is shown when it is made, and kept nowhere: the
list names it by the first digits of a hash. It makes one account. Masters ask for one with REGISTRATION=invite.

  --make    makes so many codes
  --days    they are good for so many days (default ${DEFAULT_DAYS})
  --note    whom they are for, for this list
  --url     origin of the messenger: gives links that fill the code in
  --revoke  ends a code that has not been used; it, or its digits in the list
  --json    as JSON

Without more, of the cluster that npm start runs on this machine. Another one is told by the environment:

  DATA_DIR               data folder of the cluster on this machine (default .data)
  DIRECTORY_URLS         with DIRECTORY_PRIVATE_KEY, DIRECTORY_PUBLIC_KEYS and DATABASE_PREFIX, as the masters have them

Exit code: 0 done, 1 not done, 2 bad options or environment.
`,
  run: async ({ args, environment: variables, print }) => {
    const flags = readOptions(
      args,
      {
        make: { type: 'string' },
        days: { type: 'string' },
        note: { type: 'string' },
        url: { type: 'string' },
        revoke: { type: 'string' },
        json: { type: 'boolean' },
      },
      options,
    );
    if (flags.make !== undefined && flags.revoke !== undefined)
      throw new UsageError('--make and --revoke: one at a time');
    if (flags.make === undefined && (flags.days ?? flags.note ?? flags.url) !== undefined)
      throw new UsageError('--days, --note and --url go with --make');
    const { prefix, ...found } = await findDirectory(variables);
    const directory = {
      ...{ ...found, timeoutMs: TIMEOUT_MS },
      ...{ database: directoryDatabase(prefix), node: nodeDatabase(prefix) },
    };
    await using opened = openInvites({ directory, log: createLog('invites', 'error') });

    if (flags.make !== undefined) {
      const expiresAt = Date.now() + (flags.days ?? DEFAULT_DAYS) * DAY_MS;
      const made: { code: string; link?: string }[] = [];
      for (let count = 0; count < flags.make; count += 1) {
        const code = await opened.make(flags.note ?? '', expiresAt);
        const link = flags.url && { link: new URL(`/#/invite/${code}`, flags.url).href };
        made.push({ code, ...link });
        if (!flags.json) print([code, ...(link ? [link.link] : [])].join('  '));
      }
      if (flags.json) print(JSON.stringify({ made, expiresAt }, null, 2));
      return 0;
    }
    if (flags.revoke !== undefined) {
      const { hash, state } = await find(opened, flags.revoke);
      const isRevoked = state !== 'used' && state !== 'revoked' && (await opened.revoke(hash));
      if (flags.json) print(JSON.stringify({ hash, revoked: isRevoked }));
      else print(isRevoked ? 'the code is good no more' : 'the code had ended before');
      return isRevoked ? 0 : 1;
    }
    const all = await opened.list();
    if (flags.json) print(JSON.stringify(all, null, 2));
    else if (all.length === 0) print('no code has been made');
    else
      print(table([['code', 'state', 'made', 'good until', 'ended', 'account', 'note'], ...all.map(rowOf)]));
    return 0;
  },
};
