import { deviceKey, type AccountId, type DeviceAddress, type Username } from '@restante/protocol';
import { ServiceError, type SetAside } from '@restante/service-kit';
import { find, findAll, leavesOf, list, listIds, type Found, type Range } from './couch-documents.ts';
import type { Database } from './couch-servers.ts';
import type { DirectoryFault } from './directory-faults.ts';
import { generationOf, judge, mergeLeaves, type Leaf, type Live } from './directory-conflicts.ts';
import {
  accountDocumentId,
  deviceDocumentId,
  deviceRange,
  inviteDocumentId,
  INVITES,
  isDirectoryDocument,
  parseDirectoryId,
  usernameDocumentId,
  type AccountDocument,
  type DeviceDocument,
  type InviteDocument,
  type UsernameDocument,
} from './directory-documents.ts';
import type { KeyPage } from './key-page.ts';

/** So many can be listed: none is ever deleted. */
const MAX_INVITES = 100_000;

/** `page` is null when it cannot be read. */
export type FoundPage = { readonly page: KeyPage | null; readonly over: { readonly _rev: string } };

export type WithAccounts = {
  readonly accounts: ReadonlyMap<AccountId, Found<AccountDocument>>;
  readonly devices: ReadonlyMap<string, Found<DeviceDocument>>;
};

/** The name under which documents of a server's directory are set aside. */
export const setAsideName = ({ about, server }: Database): string => `${about.database} at ${server}`;

/** Whether a master has signed a leaf, also one of another form: that is left to the version that knows it (law 14). */
export const isOfMaster = ({ signatures }: Database, id: string, { rev, document }: Live<object>): boolean =>
  signatures.isSigned(id, generationOf(rev), document);

/** What is wrong with a leaf; null when it is what it should be. */
export const faultOf = (
  database: Database,
  id: string,
  { rev, document }: Live<object>,
): DirectoryFault | null => {
  if (!isDirectoryDocument(id, document)) return 'bad-fields';
  return isOfMaster(database, id, { rev, document }) ? null : 'unsigned';
};

/**
 * Reads documents of the directory, each checked (laws 12 and 16), in the leaf that holds of those that are what they should be. One
 * that has none is set aside.
 */
export const createDirectoryReader = (setAside: SetAside<DirectoryFault>) => {
  const note = (database: Database, id: string, fault: DirectoryFault): void =>
    setAside.note(setAsideName(database), id, fault);

  /** The leaf that holds of those that are what they should be; null when there is none. */
  const fitting = async <D extends object>(
    database: Database,
    document: Found<object>,
  ): Promise<Found<D> | null> => {
    const id = document._id;
    const about = parseDirectoryId(id);
    if (about === null) {
      note(database, id, 'foreign-id');
      return null;
    }
    const fault = faultOf(database, id, { rev: document._rev, document });
    if (fault === null && !('_conflicts' in document)) return document as Found<D>;
    const leaves = await leavesOf(database, id);
    const verdict = judge(about.kind, leaves, (leaf) => faultOf(database, id, leaf) === null);
    const winner = verdict.name === 'resolved' ? verdict.resolution.winner : null;
    const leaf = leaves.find(({ rev }) => rev === winner);
    if (leaf?.document) return { ...(leaf.document as D), _id: id, _rev: leaf.rev };
    note(database, id, verdict.name === 'unresolvable' || fault === null ? 'unresolvable' : fault);
    return null;
  };

  /** Nobody may be told that what cannot be read is not there. */
  const read = async <D extends object>(database: Database, id: string): Promise<Found<D> | null> => {
    const document = await find<object>(database, id, { conflicts: true, revs: true });
    if (document === null) return null;
    const found = await fitting<D>(database, document);
    if (found === null) throw new ServiceError('unavailable', 'a document of the directory cannot be read');
    return found;
  };

  return {
    /** Any document of the directory, as the others are read. */
    document: (database: Database, id: string) => read<object>(database, id),
    username: (database: Database, name: Username) =>
      read<UsernameDocument>(database, usernameDocumentId(name)),
    account: (database: Database, account: AccountId) =>
      read<AccountDocument>(database, accountDocumentId(account)),
    device: (database: Database, device: DeviceAddress) =>
      read<DeviceDocument>(database, deviceDocumentId(device)),
    invite: (database: Database, hash: string) => read<InviteDocument>(database, inviteDocumentId(hash)),
    /** All invites by their hashes. What cannot be read is left out. */
    invites: async (database: Database): Promise<Map<string, Found<InviteDocument>>> => {
      const invites = new Map<string, Found<InviteDocument>>();
      for (const document of await list(database, INVITES, MAX_INVITES)) {
        const found = await fitting<InviteDocument>(database, document);
        const about = parseDirectoryId(document._id);
        if (found !== null && about?.kind === 'invite') invites.set(about.hash, found);
      }
      return invites;
    },
    /** Devices by {@link deviceKey} and their accounts, in one request. What cannot be read is left out. */
    withAccounts: async (database: Database, addresses: readonly DeviceAddress[]): Promise<WithAccounts> => {
      const ids = addresses.flatMap((device) => [
        accountDocumentId(device.accountId),
        deviceDocumentId(device),
      ]);
      const accounts = new Map<AccountId, Found<AccountDocument>>();
      const devices = new Map<string, Found<DeviceDocument>>();
      for (const document of await findAll(database, [...new Set(ids)])) {
        const found = await fitting<object>(database, document);
        const about = parseDirectoryId(document._id);
        if (found === null || about === null) continue;
        if (about.kind === 'account') accounts.set(about.accountId, found as Found<AccountDocument>);
        if (about.kind === 'device') devices.set(deviceKey(about), found as Found<DeviceDocument>);
      }
      return { accounts, devices };
    },
    /** Devices of an account by number, removed ones too. What cannot be read is left out. */
    devices: async (database: Database, account: AccountId): Promise<Map<number, Found<DeviceDocument>>> => {
      const devices = new Map<number, Found<DeviceDocument>>();
      for (const document of await list(database, deviceRange(account))) {
        const found = await fitting<DeviceDocument>(database, document);
        const about = parseDirectoryId(document._id);
        if (found !== null && about?.kind === 'device' && about.accountId === account)
          devices.set(about.deviceId, found);
      }
      return devices;
    },
    /** Pages of one-time keys in a range of ids. */
    keyPageIds: (database: Database, range: Range): Promise<string[]> =>
      listIds(database, range, (id) => {
        const isPage = parseDirectoryId(id) !== null;
        if (!isPage) note(database, id, 'foreign-id');
        return isPage;
      }),
    /**
     * A page of one-time keys with what every leaf says, and the revision to write over; `page` is null when none of them
     * is one. Null when there is no such document.
     */
    keyPage: async (database: Database, id: string): Promise<FoundPage | null> => {
      const document = await find<object>(database, id, { conflicts: true, revs: true });
      if (document === null) return null;
      const fault = faultOf(database, id, { rev: document._rev, document });
      if (!('_conflicts' in document) && fault === null) {
        const { ec, kyber } = document as Found<KeyPage>;
        return { page: { ec, kyber }, over: document };
      }
      const leaves = await leavesOf(database, id);
      const isFit = (leaf: Leaf<object>): boolean =>
        leaf.document !== null && faultOf(database, id, { ...leaf, document: leaf.document }) === null;
      const merged = mergeLeaves(leaves.filter(isFit) as Leaf<KeyPage>[]);
      if (merged !== null) return merged;
      note(database, id, leaves.length > 1 || fault === null ? 'unresolvable' : fault);
      return { page: null, over: document };
    },
  };
};

export type DirectoryReader = ReturnType<typeof createDirectoryReader>;
