import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A database whose writes are on the disk only some time after they were answered. The page cache of the machine outlives a process, so
 * a kill alone loses nothing: what each write has overwritten is kept beside the database until the next sync, and
 * put back when it is opened after a death.
 */

type Operation = { readonly type: 'put' | 'del'; readonly key: string; readonly value?: string | Buffer };
type Level = {
  readonly open: () => Promise<void>;
  readonly close: () => Promise<void>;
  readonly getMany: (keys: string[], options: { valueEncoding: 'buffer' }) => Promise<(Buffer | undefined)[]>;
  readonly batch: (operations: object[], options?: object) => Promise<void>;
};
/** Key and what it had, in base64. */
type Overwritten = readonly (readonly [key: string, value: string | null])[];

const SYNC_MS = 6_000;
const FILE = 'not-synced.jsonl';

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

export const lossyLevel = <L extends object>(given: L, location: string): L => {
  const level = given as unknown as Level;
  const file = join(location, FILE);
  const sync = (): void => rmSync(file, { force: true });
  let timer: NodeJS.Timeout | undefined;

  const undo = async (): Promise<void> => {
    const batches = textOf(file).split('\n').slice(0, -1);
    for (const line of batches.reverse()) {
      const before = JSON.parse(line) as Overwritten;
      await level.batch(
        before.map(([key, value]) =>
          value === null
            ? { type: 'del', key }
            : { type: 'put', key, value: Buffer.from(value, 'base64'), valueEncoding: 'buffer' },
        ),
      );
    }
    sync();
  };

  const lossy: Pick<Level, 'open' | 'close' | 'batch'> = {
    open: async () => {
      await level.open();
      await undo();
      timer = setInterval(sync, SYNC_MS).unref();
    },
    close: async () => {
      clearInterval(timer);
      await level.close();
      sync();
    },
    batch: async (operations, options) => {
      const keys = (operations as Operation[]).map(({ key }) => key);
      const values = await level.getMany(keys, { valueEncoding: 'buffer' });
      const before: Overwritten = keys.map((key, index) => [key, values[index]?.toString('base64') ?? null]);
      appendFileSync(file, `${JSON.stringify(before)}\n`);
      await level.batch(operations, options);
    },
  };
  return new Proxy(given, {
    get: (target, name) => {
      if (Object.hasOwn(lossy, name)) return lossy[name as keyof typeof lossy];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
};
