import { accountId, directoryDatabase, type AccountId, type DeviceAddress } from '@restante/protocol';
import {
  allDevices,
  cellsOf,
  environment as masterEnvironment,
  type AccountDevices,
} from '@restante/master-node';
import { ConfigError, createTokenSigner, readEnvironment } from '@restante/service-kit';
import { z } from 'zod';
import { createMailboxCalls } from '../cells/mailbox-calls.ts';
import { moveMailbox, type MovedMail, type MoveMode } from '../cells/move-mailbox.ts';
import { readOptions, UsageError, type Command, type CommandContext } from '../cli/command.ts';

/** Those of the masters, as they have them. */
const environment = masterEnvironment.pick({
  MAILBOX_NODES: true,
  MAILBOX_TOKEN_TTL_HOURS: true,
  JOINING_CELL: true,
  WRITE_CONCERN: true,
  TOKEN_PRIVATE_KEY: true,
  DIRECTORY_URLS: true,
  DATABASE_PREFIX: true,
});

const options = z.strictObject({
  cell: z.string().optional(),
  verify: z.boolean().default(false),
  remove: z.boolean().default(false),
  joined: z.iso.datetime({ offset: true, local: true }).optional(),
  after: z.optional(accountId),
  json: z.boolean().default(false),
});

const TIMEOUT_MS = 30_000;
const MAILBOXES_AT_A_TIME = 8;
const HOUR_MS = 3_600_000;

type Counts = { accounts: { moved: number; untouched: number }; messages: Record<keyof MovedMail, number> };

/** What is asked for, against what the masters are told. @throws UsageError, ConfigError */
const readTask = ({ args, environment: variables }: CommandContext) => {
  const flags = readOptions(
    args,
    {
      ...{ cell: { type: 'string' }, after: { type: 'string' }, joined: { type: 'string' } },
      ...{ verify: { type: 'boolean' }, remove: { type: 'boolean' }, json: { type: 'boolean' } },
    },
    options,
  );
  if (flags.verify && flags.remove) throw new UsageError('--verify and --remove exclude each other');
  const read = readEnvironment(environment, variables);
  const { MAILBOX_NODES, JOINING_CELL } = read;
  const joining = flags.cell ?? JOINING_CELL;
  if (joining === undefined) throw new UsageError('--cell: needs the cell that was added');
  if (JOINING_CELL !== undefined && JOINING_CELL !== joining)
    throw new ConfigError(`JOINING_CELL is ${JOINING_CELL}, and --cell ${joining}`);
  if (flags.remove && JOINING_CELL !== undefined)
    throw new ConfigError(
      `JOINING_CELL is ${JOINING_CELL}: masters use the former cells, where --remove deletes. Take it away from them first`,
    );
  if (flags.remove) {
    if (flags.joined === undefined)
      throw new UsageError(
        '--joined: needs the time at which the last master had been restarted with JOINING_CELL',
      );
    const mayRemoveAtMs = Date.parse(flags.joined) + read.MAILBOX_TOKEN_TTL_HOURS * HOUR_MS;
    if (Date.now() < mayRemoveAtMs)
      throw new ConfigError(
        `clients may read the former cells alone until ${new Date(mayRemoveAtMs).toISOString()}, when their last mailbox tokens from before end`,
      );
  }
  const [first, ...others] = MAILBOX_NODES;
  if (first === undefined || others.length === 0 || !MAILBOX_NODES.some(({ name }) => name === joining))
    throw new ConfigError(`MAILBOX_NODES has no cell ${joining} beside another one`);
  const mode: MoveMode = flags.verify ? 'verify' : flags.remove ? 'remove' : 'copy';
  return { flags, read, mode, placement: { cells: [first, ...others] as const, joining } };
};

const run = async (context: CommandContext): Promise<number> => {
  const { flags, read, mode, placement } = readTask(context);
  const { print, paint, isTerminal, complain, signal } = context;
  const { WRITE_CONCERN: writeConcern } = read;
  const calls = createMailboxCalls(createTokenSigner(read.TOKEN_PRIVATE_KEY), signal);
  const counts: Counts = {
    accounts: { moved: 0, untouched: 0 },
    messages: { copied: 0, there: 0, left: 0, removed: 0 },
  };
  let failed = 0;

  const move = async (mailbox: DeviceAddress): Promise<void> => {
    const [own, former] = cellsOf(mailbox.accountId, placement);
    if (former === undefined) return;
    try {
      const cells = { own: own.nodes, former: former.nodes, writeConcern };
      const moved = await moveMailbox(mailbox, cells, calls, mode);
      for (const key of ['copied', 'there', 'left', 'removed'] as const) counts.messages[key] += moved[key];
    } catch (error) {
      signal.throwIfAborted();
      failed += 1;
      if (failed === 1) complain(`mail was not moved: ${error instanceof Error ? error.message : 'unknown'}`);
    }
  };
  const movePage = async (accounts: readonly AccountDevices[]): Promise<void> => {
    const isMoved = (account: AccountId): boolean => cellsOf(account, placement).length > 1;
    const moving = accounts.filter((account) => isMoved(account.accountId));
    const mailboxes = moving.flatMap(({ devices }) => devices);
    await Promise.all(
      Array.from({ length: MAILBOXES_AT_A_TIME }, async () => {
        for (let next = mailboxes.pop(); next !== undefined; next = mailboxes.pop()) await move(next);
      }),
    );
    counts.accounts.moved += moving.length;
    counts.accounts.untouched += accounts.length - moving.length;
  };
  const told = (): string => {
    const { accounts, messages } = counts;
    return (
      `${accounts.moved} accounts of cell ${placement.joining}, ${accounts.untouched} others untouched; ` +
      `messages: ${messages.copied} copied, ${messages.there} there before, ${messages.removed} removed, ${messages.left} left`
    );
  };

  const database = directoryDatabase(read.DATABASE_PREFIX);
  const directory = { urls: read.DIRECTORY_URLS, database, timeoutMs: TIMEOUT_MS };
  for await (const accounts of allDevices(directory, flags.after ?? null)) {
    signal.throwIfAborted();
    await movePage(accounts);
    const last = accounts.at(-1)?.accountId;
    if (flags.json || last === undefined) continue;
    if (isTerminal) paint(`\r${told()}`);
    else print(`--after ${last}: ${told()}`);
  }
  const { moved, untouched } = counts.accounts;
  if (moved + untouched === 0 && flags.after === undefined)
    throw new Error('the directory has no account: is DATABASE_PREFIX that of the masters?');
  const isDone = failed === 0 && counts.messages.left === 0;
  if (flags.json) print(JSON.stringify({ ...counts, mailboxesNotRead: failed, done: isDone }, null, 2));
  else {
    if (isTerminal) paint('\n');
    if (failed > 0) print(`${failed} mailboxes could not be read: run this again`);
    print(isDone ? `done: ${told()}` : `not done: ${told()}`);
  }
  return isDone ? 0 : 1;
};

export const moveAccounts: Command = {
  summary: 'moves the share of accounts of a cell that is added',
  help: `
Usage: npm run move-accounts [-- --cell <name>] [--verify | --remove --joined <time>]

Copies what waits in the former cells for accounts of a cell that was added, while people write. It may be ended at any
moment and run again: what is done is seen. Accounts of other cells are not touched. docs/operations.md has the steps.

  --cell    the cell that was added (default JOINING_CELL)
  --verify  counts what waits in the former cells alone, and changes nothing
  --remove  deletes in the former cells what the own one has: once no master has JOINING_CELL any more, and the mailbox tokens
            from before have expired
  --joined  with --remove: when the last master had been restarted with JOINING_CELL, as 2026-11-29T14:00 (this machine's
            time) or with an offset
  --after   begins after this account, as the progress told it
  --json    as JSON

The environment is that of the masters: MAILBOX_NODES, JOINING_CELL, WRITE_CONCERN, TOKEN_PRIVATE_KEY, DIRECTORY_URLS,
DATABASE_PREFIX, MAILBOX_TOKEN_TTL_HOURS.

Exit code: 0 done, 1 something is left in the former cells alone or could not be read, 2 bad options or environment.
`,
  run,
};
