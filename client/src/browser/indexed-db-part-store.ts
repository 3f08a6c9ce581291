import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { PartStore } from '../files/part-store.ts';

type Key = [file: string, part: number];
type Schema = DBSchema & {
  readonly parts: { readonly key: Key; readonly value: Uint8Array<ArrayBuffer> };
  /** Bytes of each part: to tell what takes room, none need be read. */
  readonly sizes: { readonly key: Key; readonly value: number };
};

const partsOf = (file: string): IDBKeyRange => IDBKeyRange.bound([file], [file, []]);

/** `onGone`: another one wants the database removed, or the browser has taken it away. */
const open = (name: string, onGone: () => void): Promise<IDBPDatabase<Schema>> =>
  openDB<Schema>(name, 1, {
    upgrade: (database) => {
      database.createObjectStore('parts');
      database.createObjectStore('sizes');
    },
    blocking: (_current, _blocked, event) => {
      (event.target as IDBDatabase).close();
      onGone();
    },
    terminated: onGone,
  });

/** Parts of files in an IndexedDB database of their own, which is made when it is first used, and again when the browser has taken it away. */
export const indexedDbPartStore = (name: string): PartStore => {
  let opening: Promise<IDBPDatabase<Schema>> | null = null;
  let isClosed = false;
  const begin = (): Promise<IDBPDatabase<Schema>> => {
    const begun = open(name, () => {
      if (opening === begun) opening = null;
    });
    return begun;
  };
  const use = async <T>(work: (database: IDBPDatabase<Schema>) => Promise<T>): Promise<T> => {
    if (isClosed) throw new DOMException('the store is closed', 'InvalidStateError');
    const opened = (opening ??= begin());
    try {
      return await work(await opened);
    } catch (error) {
      // Whatever has become of the database: the next one opens it anew.
      if (opening === opened && error instanceof DOMException && error.name !== 'QuotaExceededError')
        opening = null;
      throw error;
    }
  };
  return {
    put: (file, part, sealed) =>
      use(async (database) => {
        const transaction = database.transaction(['parts', 'sizes'], 'readwrite', { durability: 'strict' });
        await Promise.all([
          transaction.objectStore('parts').put(sealed, [file, part]),
          transaction.objectStore('sizes').put(sealed.length, [file, part]),
          transaction.done,
        ]);
      }),
    get: (file, part) => use(async (database) => (await database.get('parts', [file, part])) ?? null),
    drop: (file) =>
      use(async (database) => {
        const transaction = database.transaction(['parts', 'sizes'], 'readwrite');
        await Promise.all([
          transaction.objectStore('parts').delete(partsOf(file)),
          transaction.objectStore('sizes').delete(partsOf(file)),
          transaction.done,
        ]);
      }),
    files: () =>
      use(async (database) => {
        const transaction = database.transaction('sizes');
        const [keys, sizes] = await Promise.all([transaction.store.getAllKeys(), transaction.store.getAll()]);
        const files = new Map<string, number>();
        keys.forEach(([file], index) => files.set(file, (files.get(file) ?? 0) + (sizes[index] ?? 0)));
        return files;
      }),
    names: (after, limit) =>
      use(async (database) => {
        const names: string[] = [];
        const { store } = database.transaction('sizes');
        let cursor = await store.openKeyCursor(IDBKeyRange.lowerBound([after, []]));
        while (cursor !== null && names.length < limit) {
          const [file] = cursor.key;
          names.push(file);
          // To the first part of the next file.
          cursor = await cursor.continue([file, []] as unknown as Key);
        }
        return names;
      }),
    close: async () => {
      isClosed = true;
      const opened = await opening?.catch(() => null);
      opened?.close();
    },
  };
};

export const deleteIndexedDbParts = (name: string): Promise<void> => deleteDB(name);
