import { directoryDatabase, type AccountId, type DeviceAddress, type Username } from '@restante/protocol';
import { ServiceError, type SetAside } from '@restante/service-kit';
import { find, findAll, leavesOf, list, listIds, type Found, type Range } from './couch-documents.ts';
import type { Database } from './couch-servers.ts';
import { judge, mergeLeaves, type Leaf } from './directory-conflicts.ts';
import {
  accountDocumentId,
  deviceDocumentId,
  deviceRange,
  isDirectoryDocument,
  parseDirectoryId,
  usernameDocumentId,
  type AccountDocument,
  type DeviceDocument,
  type UsernameDocument,
} from './directory-documents.ts';
import type { KeyPage } from './key-page.ts';

/** What is wrong with a document of the directory: its id, its fields, or that none of its contradicting leaves has them. */
export const DIRECTORY_FAULTS = ['foreign-id', 'bad-fields', 'unresolvable'] as const;
export type DirectoryFault = (typeof DIRECTORY_FAULTS)[number];

/** `page` is null when it cannot be read. */
type FoundPage = { readonly page: KeyPage | null; readonly over: { readonly _rev: string } };

/** The name under which documents of the directory are set aside. */
export const DIRECTORY = directoryDatabase();

/**
 * Reads documents of the directory, each checked (law 16). One that is not what it should be is read in a leaf that is, if there
 * is one, and otherwise set aside.
 */
export const createDirectoryReader = (setAside: SetAside<DirectoryFault>) => {
  /** The document, or a leaf of it that is what it should be; null when there is none. */
  const fitting = async <D extends object>(
    database: Database,
    document: Found<object>,
  ): Promise<Found<D> | null> => {
    const id = document._id;
    if (isDirectoryDocument(id, document)) return document as Found<D>;
    const about = parseDirectoryId(id);
    if (about === null) {
      setAside.note(DIRECTORY, id, 'foreign-id');
      return null;
    }
    const leaves = await leavesOf(database, id);
    const verdict = judge(about.kind, leaves, (leaf) => isDirectoryDocument(id, leaf));
    const winner = verdict.name === 'resolved' ? verdict.resolution.winner : null;
    const leaf = leaves.find(({ rev }) => rev === winner);
    if (leaf?.document) return { ...(leaf.document as D), _id: id, _rev: leaf.rev };
    setAside.note(DIRECTORY, id, verdict.name === 'unresolvable' ? 'unresolvable' : 'bad-fields');
    return null;
  };

  /** Nobody may be told that what cannot be read is not there. */
  const read = async <D extends object>(database: Database, id: string): Promise<Found<D> | null> => {
    const document = await find<object>(database, id);
    if (document === null) return null;
    const found = await fitting<D>(database, document);
    if (found === null) throw new ServiceError('unavailable', 'a document of the directory cannot be read');
    return found;
  };

  return {
    username: (database: Database, name: Username) =>
      read<UsernameDocument>(database, usernameDocumentId(name)),
    account: (database: Database, account: AccountId) =>
      read<AccountDocument>(database, accountDocumentId(account)),
    device: (database: Database, device: DeviceAddress) =>
      read<DeviceDocument>(database, deviceDocumentId(device)),
    /**
     * Devices with their accounts, in one request, in order; null for one that is not there or cannot be read, or whose
     * account is so.
     */
    withAccounts: async (
      database: Database,
      devices: readonly DeviceAddress[],
    ): Promise<({ device: DeviceDocument; account: AccountDocument } | null)[]> => {
      const ids = devices.flatMap((device) => [
        accountDocumentId(device.accountId),
        deviceDocumentId(device),
      ]);
      const found = new Map<string, Found<object>>();
      for (const document of await findAll(database, [...new Set(ids)])) {
        const read = await fitting<object>(database, document);
        if (read !== null) found.set(read._id, read);
      }
      return devices.map((address) => {
        const device = found.get(deviceDocumentId(address));
        const account = found.get(accountDocumentId(address.accountId));
        return device && account
          ? { device: device as Found<DeviceDocument>, account: account as Found<AccountDocument> }
          : null;
      });
    },
    /** Devices of an account by number, removed ones too. What cannot be read is left out. */
    devices: async (database: Database, account: AccountId): Promise<Map<number, Found<DeviceDocument>>> => {
      const devices = new Map<number, Found<DeviceDocument>>();
      for (const document of await list(database, deviceRange(account))) {
        const found = await fitting<DeviceDocument>(database, document);
        const about = parseDirectoryId(document._id);
        if (found !== null && about?.kind === 'device') devices.set(about.deviceId, found);
      }
      return devices;
    },
    /** Pages of one-time keys in a range of ids. */
    keyPageIds: (database: Database, range: Range): Promise<string[]> =>
      listIds(database, range, (id) => {
        const isPage = parseDirectoryId(id) !== null;
        if (!isPage) setAside.note(DIRECTORY, id, 'foreign-id');
        return isPage;
      }),
    /**
     * A page of one-time keys with what every leaf says, and the revision to write over; `page` is null when none of them
     * is one. Null when there is no such document.
     */
    keyPage: async (database: Database, id: string): Promise<FoundPage | null> => {
      const document = await find<object>(database, id, { conflicts: true });
      if (document === null) return null;
      if (!('_conflicts' in document) && isDirectoryDocument(id, document)) {
        const { ec, kyber } = document as Found<KeyPage>;
        return { page: { ec, kyber }, over: document };
      }
      const leaves = await leavesOf(database, id);
      const merged = mergeLeaves(
        leaves.filter((leaf) => leaf.document && isDirectoryDocument(id, leaf.document)) as Leaf<KeyPage>[],
      );
      if (merged !== null) return merged;
      setAside.note(DIRECTORY, id, leaves.length > 1 ? 'unresolvable' : 'bad-fields');
      return { page: null, over: document };
    },
  };
};

export type DirectoryReader = ReturnType<typeof createDirectoryReader>;
