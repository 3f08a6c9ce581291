import { MessengerError } from '../messenger-error.ts';
import { rowReader, type RowReader } from './row-reader.ts';
import type { KeyOf, TableName, Tables, UnfitRow } from './tables.ts';
import { inRange, type Change, type Range, type Row, type Vault } from './vault.ts';

/**
 * Every change of local state goes through `transact`: one at a time, on a staged copy that is committed as a
 * whole or dropped as a whole. Transactions that wait at the same moment share one commit (group commit),
 * so a thousand queued messages do not cost a thousand fsyncs; each resolves only after that commit.
 *
 * A transaction must not wait for the network: everything else waits behind it.
 */
export type Transaction = {
  /** A row that was read before, also by `getMany`, is not read from the vault again. */
  readonly get: RowReader['get'];
  readonly getMany: RowReader['getMany'];
  /** Rows as `Vault.list` has them, with this transaction's changes applied. */
  readonly list: RowReader['list'];
  /** All rows whose key starts with `prefix`, at most `limit`. */
  readonly listPrefix: <T extends TableName>(
    table: T,
    prefix: string,
    limit: number,
  ) => Promise<Row<Tables[T]>[]>;
  /** What was read here, does not fit its table and is now written over is kept aside. */
  readonly put: <T extends TableName>(table: T, key: KeyOf<T>, value: Tables[T]) => void;
  readonly delete: <T extends TableName>(table: T, key: KeyOf<T>) => void;
  /** Runs `action` when the changes are durable; not at all when they are dropped. */
  readonly afterCommit: (action: () => void) => void;
};

/** Throws `closed`, and `storage-full` or `storage-failed` when the vault fails: then nothing has changed. */
export type Store = {
  /** Runs `work` on a staged copy. Resolves with its result when its changes are durable. */
  readonly transact: <R>(work: (transaction: Transaction) => Promise<R> | R) => Promise<R>;
  readonly get: RowReader['get'];
  readonly getMany: RowReader['getMany'];
  readonly list: RowReader['list'];
  /** How many rows a table has, those that do not fit it too. */
  readonly count: Vault['count'];
  /** Waits for running transactions, refuses new ones, closes the vault. */
  readonly close: () => Promise<void>;
};

/** Changes by table and key: a list looks at those of its table alone. */
type Staged = Map<TableName, Map<string, Change>>;

const stageInto = (staged: Staged, change: Change): void => {
  const rows = staged.get(change.table) ?? new Map<string, Change>();
  staged.set(change.table, rows.set(change.key, change));
};
const changesIn = (staged: Staged): Change[] => [...staged.values()].flatMap((rows) => [...rows.values()]);

type Job = {
  /** Runs the work over what earlier jobs of the group have staged; answers with its own changes. */
  readonly run: (base: Staged) => Promise<Staged>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
};

const failed = (cause: unknown): never => {
  throw MessengerError.ofVault(cause);
};

/** A vault whose failures are `storage-full` and `storage-failed`. */
const withNamedFailures = ({ get, getMany, list, count, commit, close }: Vault): Vault => ({
  get: (table, key) => get(table, key).catch(failed),
  getMany: (table, keys) => getMany(table, keys).catch(failed),
  list: (table, range) => list(table, range).catch(failed),
  count: (table) => count(table).catch(failed),
  commit: (changes) => commit(changes).catch(failed),
  close,
});

/** Transactions in one commit. */
const MAX_GROUP = 64;

const nameOf = (table: string, key: string): string => `${table} ${key}`;

const transactionOver = (
  vault: Vault,
  base: Staged,
  own: Staged,
  afterCommit: Transaction['afterCommit'],
  onUnfit: (row: UnfitRow) => void,
): Transaction => {
  /** Only transactions change the vault, one at a time: what has been read stays true. */
  const seen = new Map<string, unknown>();
  const staged = (table: TableName, key: string): Change | undefined =>
    own.get(table)?.get(key) ?? base.get(table)?.get(key);
  const unfit = new Map<string, UnfitRow>();
  const rows = rowReader(vault, (row) => {
    unfit.set(nameOf(row.table, row.key), row);
    onUnfit(row);
  });
  const stage = (change: Change): void => {
    stageInto(own, change);
    const name = nameOf(change.table, change.key);
    const lost = unfit.get(name);
    if (lost !== undefined) stageInto(own, { table: 'unfitRows', key: name, value: lost });
  };
  const isKnown = (table: TableName, key: string): boolean =>
    staged(table, key) !== undefined || seen.has(nameOf(table, key));
  const known = <T extends TableName>(table: T, key: string): Tables[T] | undefined => {
    const change = staged(table, key);
    return (change === undefined ? seen.get(nameOf(table, key)) : change.value) as Tables[T] | undefined;
  };
  const getMany: Transaction['getMany'] = async (table, keys) => {
    const missing = keys.filter((key) => !isKnown(table, key));
    const read = missing.length > 0 ? await rows.getMany(table, missing) : [];
    missing.forEach((key, index) => seen.set(nameOf(table, key), read[index]));
    return keys.map((key) => known(table, key));
  };
  const list: Transaction['list'] = async <T extends TableName>(table: T, range: Range) => {
    const changes = [...new Map([...(base.get(table) ?? []), ...(own.get(table) ?? [])]).values()].filter(
      ({ key }) => inRange(key, range),
    );
    const limit = range.limit + changes.length;
    const known = new Map((await rows.list(table, { ...range, limit })).map((row) => [row.key, row.value]));
    for (const { key, value } of changes) {
      if (value === undefined) known.delete(key);
      else known.set(key, value as Tables[T]);
    }
    const sorted = [...known]
      .map(([key, value]) => ({ key, value }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    return (range.reverse ? sorted.reverse() : sorted).slice(0, range.limit);
  };

  return {
    get: async <T extends TableName>(table: T, key: KeyOf<T>) => {
      if (!isKnown(table, key)) seen.set(nameOf(table, key), await rows.get(table, key));
      return known(table, key);
    },
    getMany,
    list,
    listPrefix: (table, prefix, limit) => list(table, { prefix, limit }),
    put: (table, key, value) => stage({ table, key, value } as Change),
    delete: (table, key) => stage({ table, key, value: undefined } as Change),
    afterCommit,
  };
};

/** Rows that do not fit and have been told. */
const MAX_TOLD = 1_000;

/** `onFault` is told once of each row that does not fit its table. */
export const createVaultStore = (
  given: Vault,
  onFault: (fault: MessengerError) => void = () => undefined,
): Store => {
  const vault = withNamedFailures(given);
  const told = new Set<string>();
  const onUnfit = ({ table, key }: UnfitRow): void => {
    const name = nameOf(table, key);
    if (told.has(name) || told.size >= MAX_TOLD) return;
    told.add(name);
    onFault(new MessengerError('unfit-row', `a row of ${table} does not fit: it is passed over`));
  };
  const rows = rowReader(vault, onUnfit);
  const waiting: Job[] = [];
  let running: Promise<void> | null = null;
  let closed = false;

  const runGroup = async (group: readonly Job[]): Promise<void> => {
    const base: Staged = new Map();
    const done: Job[] = [];
    for (const job of group) {
      try {
        for (const change of changesIn(await job.run(base))) stageInto(base, change);
        done.push(job);
      } catch (error) {
        job.reject(error);
      }
    }
    try {
      if (base.size > 0) await vault.commit(changesIn(base));
      for (const job of done) job.resolve();
    } catch (error) {
      for (const job of done) job.reject(error);
    }
  };

  const runAll = async (): Promise<void> => {
    while (waiting.length > 0) await runGroup(waiting.splice(0, MAX_GROUP));
    running = null;
  };

  return {
    transact: async <R>(work: (transaction: Transaction) => Promise<R> | R): Promise<R> => {
      if (closed) throw new MessengerError('closed', 'the messenger is closed');
      const outcome: { result?: R } = {};
      const actions: (() => void)[] = [];
      await new Promise<void>((resolve, reject) => {
        const run = async (base: Staged): Promise<Staged> => {
          const own: Staged = new Map();
          const later = (action: () => void): void => void actions.push(action);
          outcome.result = await work(transactionOver(vault, base, own, later, onUnfit));
          return own;
        };
        waiting.push({ run, resolve, reject });
        running ??= Promise.resolve().then(runAll);
      });
      for (const action of actions) action();
      return outcome.result as R;
    },
    get: rows.get,
    getMany: rows.getMany,
    list: rows.list,
    count: vault.count,
    close: async () => {
      closed = true;
      await running;
      await vault.close();
    },
  };
};
