import { LIMITS, type DeviceAddress, type KeyStock, type ReplenishKeys } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import { createGather, type Gather } from '../gather.ts';
import type { DirectoryReader } from './couch-directory-reader.ts';
import { write } from './couch-documents.ts';
import type { CouchServers } from './couch-servers.ts';
import { keyPageDocumentId, keyPageRange } from './directory-documents.ts';
import {
  addKeys,
  CLOSED_PAGE,
  drawKeys,
  EMPTY_PAGE,
  isClosed,
  stockOf,
  type Drawn,
  type KeyPage,
} from './key-page.ts';

const ATTEMPTS = 30;
const ASKERS_AT_ONCE = 100;
const MAX_ASKERS = 1000;

/** What one asker gets, and what is left; null when that cannot be read. */
export type Taken = Drawn & { readonly left: KeyStock | null };

const unreadable = (): ServiceError =>
  new ServiceError('unavailable', 'a document of the directory cannot be read');

/** The one-time keys of devices: a page is changed in the revision that was read, so that only one asker gets a key. */
export const createKeyPages = (servers: CouchServers, reader: DirectoryReader) => {
  /** Changes a page, null when it cannot be read, until nobody else was quicker. The same page is not written again. */
  const update = <R>(
    id: string,
    change: (page: KeyPage | null) => { readonly page: KeyPage | null; readonly result: R },
  ): Promise<R> =>
    servers.run(async (database) => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const found = (await reader.keyPage(database, id)) ?? { page: EMPTY_PAGE, over: undefined };
        const { page, result } = change(found.page);
        if (page === null || page === found.page) return result;
        if (await write(database, id, page, found.over)) return result;
      }
      throw new ServiceError('unavailable', 'too many change the keys of this device', {
        retryAfterMs: 1000,
      });
    });

  const takeForAll = (id: string, askers: number): Promise<Taken[]> =>
    update(id, (before) => {
      if (before === null) return { page: null, result: Array<Taken>(askers).fill({ left: null }) };
      const { page, drawn } = drawKeys(before, askers);
      const left = stockOf(page);
      return { page, result: drawn.map((one) => ({ ...one, left })) };
    });

  /** Those who ask for keys of one device at the same time share a write. */
  const askers = new Map<string, Gather<null, Taken>>();
  const take = (device: DeviceAddress, identityKey: string): Promise<Taken> => {
    const id = keyPageDocumentId(device, identityKey);
    const already = askers.get(id);
    if (already) return already(null);
    const ask = createGather<null, Taken>((waiting) => takeForAll(id, waiting.length), {
      atOnce: ASKERS_AT_ONCE,
      maxWaiting: MAX_ASKERS,
      onIdle: () => askers.delete(id),
    });
    askers.set(id, ask);
    return ask(null);
  };

  const stock = (device: DeviceAddress, identityKey: string): Promise<KeyStock> =>
    servers.run(async (database) => {
      const found = await reader.keyPage(database, keyPageDocumentId(device, identityKey));
      if (found?.page === null) throw unreadable();
      return stockOf(found?.page ?? EMPTY_PAGE);
    });

  /**
   * Adds keys. A key that was added before, even one that is used up, stays as it is.
   *
   * @throws ServiceError `bad-request` when the stock would be over its bound
   */
  const add = (
    device: DeviceAddress,
    identityKey: string,
    keys: Pick<ReplenishKeys, 'preKeys' | 'kyberPreKeys'>,
  ): Promise<KeyStock> =>
    update(keyPageDocumentId(device, identityKey), (before) => {
      if (before === null) throw unreadable();
      const page = addKeys(before, keys);
      const result = stockOf(page);
      const path =
        result.preKeys > LIMITS.oneTimePreKeys
          ? 'preKeys'
          : result.kyberPreKeys > LIMITS.oneTimeKyberPreKeys
            ? 'kyberPreKeys'
            : null;
      if (path !== null) throw new ServiceError('bad-request', 'too many one-time keys in stock', { path });
      return { page, result };
    });

  /** Ends the keys of a device number, whichever device they were uploaded by. */
  const clear = async (device: DeviceAddress): Promise<void> => {
    const ids = await servers.run((database) => reader.keyPageIds(database, keyPageRange(device)));
    for (const id of ids)
      await update(id, (page) => ({ page: page && isClosed(page) ? page : CLOSED_PAGE, result: null }));
  };

  return { take, stock, add, clear };
};
