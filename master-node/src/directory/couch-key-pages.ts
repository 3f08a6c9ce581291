import { LIMITS, type DeviceAddress, type KeyStock, type ReplenishKeys } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import { createGather, type Gather } from '../gather.ts';
import type { DirectoryReader, FoundPage } from './couch-directory-reader.ts';
import { receive } from './couch-carriers.ts';
import { write, type LeafWithHistory } from './couch-documents.ts';
import type { Answered, CouchServers, Database } from './couch-servers.ts';
import { createRefusals } from './couch-updates.ts';
import { keyPageDocumentId, keyPageRange } from './directory-documents.ts';
import { LRUCache } from 'lru-cache';
import {
  addKeys,
  CLOSED_PAGE,
  drawKeys,
  EMPTY_PAGE,
  isClosed,
  mergePages,
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

/** Characters of pages that this master has read or written. A page that a CouchDB has put back gives no used key out again meanwhile. */
const MAX_REMEMBERED = 32_000_000;
const sizeOf = ({ ec, kyber }: KeyPage): number =>
  [...ec.keys, ...kyber.keys].reduce((size, { publicKey }) => size + 2 * publicKey.length, 100);

/**
 * The one-time keys of devices: a page is changed in the revision that was read, so that only one asker gets a key. It says what
 * the pages of most servers say together, so that one of them cannot bring a used key back (law 12).
 */
export const createKeyPages = (servers: CouchServers, reader: DirectoryReader) => {
  const remembered = new LRUCache<string, KeyPage>({ maxSize: MAX_REMEMBERED, sizeCalculation: sizeOf });

  /** What the servers' pages and the remembered one say together; null when there is a page, and none can be read. */
  const together = (id: string, pages: readonly Answered<FoundPage>[]): KeyPage | null => {
    const known = pages.flatMap(({ answer }) => answer.page ?? []);
    if (pages.length > 0 && known.length === 0) return null;
    const before = remembered.get(id);
    const [first, ...others] = before === undefined ? known : [...known, before];
    if (first === undefined) return EMPTY_PAGE;
    const page = others.length === 0 ? first : mergePages([first, ...others]);
    remembered.set(id, page);
    return page;
  };
  const read = (id: string) => servers.askWhereUp((database) => reader.keyPage(database, id));

  /** Where one only says that it has written it, or goes, another one knows what is used (law 12). */
  const tellAnother = async (than: string, leaf: LeafWithHistory): Promise<void> => {
    for (const name of servers.names.filter((one) => one !== than && servers.isUp(one))) {
      const isTold = await servers
        .on(name, (database) => receive(database, [leaf]))
        .then(
          () => true,
          () => false,
        );
      if (isTold) return;
    }
  };

  /** Changes a page, null when it cannot be read, until nobody else was quicker. The same page is not written again. */
  const update = async <R>(
    id: string,
    change: (page: KeyPage | null) => { readonly page: KeyPage | null; readonly result: R },
  ): Promise<R> => {
    const refused = createRefusals();
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const pages = await read(id);
      const before = together(id, pages);
      const { page, result } = change(before);
      if (page === null || page === before) return result;
      const at = refused.otherThan(pages, ({ answer }) => answer.over) ?? pages[0];
      const writeAt = async (database: Database, over?: FoundPage['over']) => ({
        server: database.server,
        leaf: await write(database, id, page, over),
      });
      const written =
        at === undefined
          ? await servers.run(writeAt)
          : await servers
              .on(at.server, (database) => writeAt(database, at.answer.over))
              .catch((error: unknown) => {
                // Another one may have it.
                if (servers.isUp(at.server)) throw error;
                return null;
              });
      const leaf = written?.leaf ?? null;
      if (written === null || leaf === null) {
        if (at) refused.note(at.server, at.answer.over);
        continue;
      }
      remembered.set(id, page);
      await tellAnother(written.server, leaf);
      return result;
    }
    throw new ServiceError('unavailable', 'too many change the keys of this device', {
      retryAfterMs: 1000,
    });
  };

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

  const stock = async (device: DeviceAddress, identityKey: string): Promise<KeyStock> => {
    const id = keyPageDocumentId(device, identityKey);
    const page = together(id, await read(id));
    if (page === null) throw unreadable();
    return stockOf(page);
  };

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
    const found = await servers.askWhereUp((database) => reader.keyPageIds(database, keyPageRange(device)));
    const ids = new Set(found.flatMap(({ answer }) => answer));
    await Promise.all(
      [...ids].map((id) =>
        update(id, (page) => ({ page: page && isClosed(page) ? page : CLOSED_PAGE, result: null })),
      ),
    );
  };

  return { take, stock, add, clear };
};
