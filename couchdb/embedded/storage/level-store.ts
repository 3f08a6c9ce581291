/**
 * PouchDB's LevelDB adapter speaks the callback interface of leveldown; classic-level 3 speaks promises.
 * Every batch is synced to the disk before it is answered (law 1).
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ClassicLevel } from 'classic-level';

type Callback<Result = void> = (error: unknown, result?: Result) => void;

interface Operation {
  type: 'put' | 'del';
  key: string;
  value?: string | Buffer;
}

interface RangeOptions {
  gt?: string;
  gte?: string;
  lt?: string;
  lte?: string;
  reverse?: boolean;
  limit?: number;
  valueAsBuffer?: boolean;
}

/** Where PouchDB keeps one metadata entry per document, deleted ones included. */
const documentPrefix = '\u00ffdocument-store\u00ff';
const documentPrefixEnd = '\u00ffdocument-store\u0100';

const rangeBounds = ['gt', 'gte', 'lt', 'lte'] as const;

/** Rows an iterator fetches at once: a mailbox page, without reading far past the end of a short range. */
const readAheadRows = 64;

export class LevelStore {
  status: 'new' | 'opening' | 'open' | 'closing' | 'closed' = 'new';
  readonly supports = {};
  readonly #location: string;
  readonly #level: ClassicLevel<string, string | Buffer>;

  constructor(location: string) {
    this.#location = location;
    this.#level = new ClassicLevel<string, string | Buffer>(location);
  }

  open(_options: unknown, callback: Callback): void {
    this.status = 'opening';
    this.#level.open().then(() => {
      this.status = 'open';
      callback(null);
    }, callback);
  }

  close(callback: Callback): void {
    this.status = 'closing';
    this.#level.close().then(() => {
      this.status = 'closed';
      callback(null);
    }, callback);
  }

  get(key: string, options: { asBuffer?: boolean }, callback: Callback<string | Buffer>): void {
    this.#level.get<string, string | Buffer>(key, valueEncoding(options.asBuffer)).then((value) => {
      if (value === undefined) callback(new Error('NotFound'));
      else callback(null, value);
    }, callback);
  }

  batch(operations: Operation[], _options: unknown, callback: Callback): void {
    this.#level
      .batch(
        operations.map(({ type, key, value }) =>
          type === 'del' || value === undefined
            ? { type: 'del' as const, key }
            : { type, key, value, ...valueEncoding(typeof value !== 'string') },
        ),
        { sync: true },
      )
      .then(() => callback(null), callback);
  }

  iterator(options: RangeOptions) {
    const range: RangeOptions = {};
    for (const bound of rangeBounds) if (options[bound] !== undefined) range[bound] = options[bound];
    const iterator = this.#level.iterator<string, string | Buffer>({
      ...range,
      reverse: options.reverse ?? false,
      limit: options.limit ?? -1,
      ...valueEncoding(options.valueAsBuffer),
    });
    let rows: [string, string | Buffer][] = [];
    let position = 0;
    const deliver = (callback: (error: unknown, key?: string, value?: string | Buffer) => void) => {
      const row = rows[position++];
      if (row === undefined) callback(null);
      else callback(null, row[0], row[1]);
    };
    return {
      next(callback: (error: unknown, key?: string, value?: string | Buffer) => void): void {
        if (position < rows.length) {
          process.nextTick(deliver, callback);
          return;
        }
        iterator.nextv(readAheadRows).then((fetched) => {
          rows = fetched;
          position = 0;
          deliver(callback);
        }, callback);
      },
      end(callback: Callback): void {
        iterator.close().then(() => callback(null), callback);
      },
    };
  }

  /** How many documents there are, deleted ones included. Reads every key: for opening a database. */
  async countDocuments(): Promise<number> {
    const keys = this.#level.keys({ gte: documentPrefix, lt: documentPrefixEnd });
    let count = 0;
    try {
      for (;;) {
        const page = await keys.nextv(1000);
        if (page.length === 0) return count;
        count += page.length;
      }
    } finally {
      await keys.close();
    }
  }

  /** Which of these documents exist, deleted or not. */
  hasDocuments(ids: string[]): Promise<boolean[]> {
    return this.#level.hasMany(ids.map((id) => documentPrefix + id));
  }

  /** Gives the space of overwritten and deleted entries back to the disk. */
  async reclaimSpace(): Promise<void> {
    await this.#level.compactRange('\u0000', '\uffff');
  }

  async sizeBytes(): Promise<number> {
    const names = await readdir(this.#location);
    const sizes = await Promise.all(
      names.map((name) =>
        stat(path.join(this.#location, name)).then(
          ({ size }) => size,
          () => 0, // LevelDB removed the file meanwhile
        ),
      ),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }
}

function valueEncoding(asBuffer: boolean | undefined) {
  return { valueEncoding: asBuffer === true ? 'buffer' : 'utf8' };
}
