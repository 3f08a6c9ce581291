import { LIMITS, type DeviceAddress, type KeyStock, type KyberPreKey, type PreKey } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import type { DirectoryReader } from './couch-directory-reader.ts';
import { listIds, remove, removeAll, writeRevisions } from './couch-documents.ts';
import type { CouchServers } from './couch-servers.ts';
import { oneTimeKeyDocument, oneTimeKeyRange, type OneTimeKind } from './directory-documents.ts';

/** How many keys a hand-out chooses from: all, so that concurrent ones rarely want the same. */
const CHOICE = LIMITS.oneTimePreKeys;
/** After so many keys that others took first, the choice is out of date. */
const TRIES = 3;
const ATTEMPTS = 30;
const PAGE = 500;

type Keys = { readonly preKeys: readonly PreKey[]; readonly kyberPreKeys: readonly KyberPreKey[] };

const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);

/** One-time keys as documents: to hand one out is to delete its one revision, which only one asker can. */
export const createOneTimeKeys = (servers: CouchServers, reader: DirectoryReader) => {
  const take = async <K extends PreKey | KyberPreKey>(
    device: DeviceAddress,
    registrationId: number,
    kind: OneTimeKind,
  ): Promise<K | null> =>
    servers.run(async (database) => {
      const unreadable = new Set<string>();
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const limit = CHOICE + unreadable.size;
        const all = await reader.oneTimeKeyIds(database, device, registrationId, kind, limit);
        const choice = all.filter(({ id }) => !unreadable.has(id));
        if (choice.length === 0) return null;
        for (const { id } of shuffled(choice).slice(0, TRIES)) {
          const found = await reader.oneTimeKey<K>(database, id);
          if (found === 'unreadable') unreadable.add(id);
          else if (found !== 'gone' && (await remove(database, id, found._rev))) return found.key;
        }
      }
      throw new ServiceError('unavailable', 'too many ask for keys of this device', { retryAfterMs: 1000 });
    });

  const stock = async (device: DeviceAddress, registrationId: number): Promise<KeyStock> => {
    const count = (kind: OneTimeKind): Promise<number> =>
      servers.run(
        async (database) => (await reader.oneTimeKeyIds(database, device, registrationId, kind, PAGE)).length,
      );
    const [preKeys, kyberPreKeys] = await Promise.all([count('ec'), count('kyber')]);
    return { preKeys, kyberPreKeys };
  };

  /**
   * Adds keys. A key that was added before, even one that is used up, stays as it is.
   *
   * @throws ServiceError `bad-request` when the stock would be over its bound
   */
  const add = async (device: DeviceAddress, registrationId: number, keys: Keys): Promise<void> => {
    const kinds = [
      { path: 'preKeys', kind: 'ec', added: keys.preKeys },
      { path: 'kyberPreKeys', kind: 'kyber', added: keys.kyberPreKeys },
    ] as const;
    const documents = kinds.map(({ path, kind, added }) => ({
      path,
      kind,
      added: added.map((key) => oneTimeKeyDocument(device, registrationId, kind, key)),
    }));
    await servers.run(async (database) => {
      for (const { path, kind, added } of documents) {
        if (added.length === 0) continue;
        const present = await reader.oneTimeKeyIds(database, device, registrationId, kind, PAGE);
        const after = new Set([...present.map(({ id }) => id), ...added.map(({ _id }) => _id)]);
        if (after.size > LIMITS.oneTimePreKeys) {
          throw new ServiceError('bad-request', 'too many one-time keys in stock', { path });
        }
      }
      await writeRevisions(
        database,
        documents.flatMap(({ added }) => added),
      );
    });
  };

  /** Deletes the keys of a device number, whichever device they were uploaded by. */
  const clear = (device: DeviceAddress): Promise<void> =>
    servers.run(async (database) => {
      for (;;) {
        const keys = await listIds(database, oneTimeKeyRange(device), PAGE);
        if (keys.length === 0) return;
        const removed = await removeAll(database, keys);
        if (removed === 0)
          throw new ServiceError('unavailable', 'one-time keys changed while they were deleted');
      }
    });

  return { take, stock, add, clear };
};
