/**
 * PouchDB's LevelDB adapter speaks the callback interface of leveldown; classic-level 3 speaks promises.
 * Every batch is synced to the disk before it is answered (law 1).
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ClassicLevel } from 'classic-level';
import { insufficientStorage } from '../couch-error.ts';
import { hasRoom } from './disk-room.ts';
import { StoredDocuments, type Level } from './stored-documents.ts';

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

const rangeBounds = ['gt', 'gte', 'lt', 'lte'] as const;

export class LevelStore {
  status: 'new' | 'opening' | 'open' | 'closing' | 'closed' = 'new';
  readonly supports = {};
  readonly #location: string;
  readonly documents: StoredDocuments;
  readonly #level: Level;
  /** Metadata of documents about to be written, by key; undefined for those that never were. */
  readonly #prefetched = new Map<string, string | undefined>();
  #batches = 0;
  #isBroken = false;

  constructor(location: string) {
    this.#location = location;
    this.#level = new ClassicLevel<string, string | Buffer>(location);
    this.documents = new StoredDocuments(this.#level);
  }

  /** After a batch that failed nobody knows what the disk holds until the files are opened anew: nothing more is written. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Whether the disk has room to write. */
  hasRoom(): Promise<boolean> {
    return hasRoom(this.#location);
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
    const deliver = (value: string | Buffer | undefined) => {
      if (value === undefined) callback(new Error('NotFound'));
      else callback(null, value);
    };
    if (this.#prefetched.has(key)) process.nextTick(deliver, this.#prefetched.get(key));
    else
      this.#level.get<string, string | Buffer>(key, valueEncoding(options.asBuffer)).then(deliver, callback);
  }

  /**
   * Reads what PouchDB will ask for one by one when it writes these documents, at once. It holds until `forget`, or until
   * a document is written. Tells which documents are or were.
   */
  async prefetch(ids: string[]): Promise<boolean[]> {
    const before = this.#batches;
    const stored = await this.documents.metadata(ids);
    if (this.#batches === before) for (const { key, text } of stored) this.#prefetched.set(key, text);
    return stored.map(({ text }) => text !== undefined);
  }

  forget(): void {
    this.#prefetched.clear();
  }

  batch(operations: Operation[], _options: unknown, callback: Callback): void {
    this.#batches += 1;
    for (const { key } of operations) this.#prefetched.delete(key);
    this.#write(operations).then(() => callback(null), callback);
  }

  async #write(operations: Operation[]): Promise<void> {
    if (this.#isBroken || !(await this.hasRoom())) throw insufficientStorage();
    try {
      await this.#level.batch(
        operations.map(({ type, key, value }) =>
          type === 'del' || value === undefined
            ? { type: 'del' as const, key }
            : { type, key, value, ...valueEncoding(typeof value !== 'string') },
        ),
        { sync: true },
      );
    } catch (failure) {
      this.#isBroken = true;
      throw failure;
    }
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
    return {
      next(callback: (error: unknown, key?: string, value?: string | Buffer) => void): void {
        iterator.next().then((row) => {
          if (row === undefined) callback(null);
          else callback(null, row[0], row[1]);
        }, callback);
      },
      end(callback: Callback): void {
        iterator.close().then(() => callback(null), callback);
      },
    };
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
