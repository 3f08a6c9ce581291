import type { AccountId, DeviceAddress, KyberPreKey, PreKey, Username } from '@restante/protocol';
import { ServiceError, type SetAside } from '@restante/service-kit';
import { find, leavesOf, list, listIds, type Found } from './couch-documents.ts';
import type { Database } from './couch-servers.ts';
import { judge } from './directory-conflicts.ts';
import {
  accountDocumentId,
  deviceDocumentId,
  deviceRange,
  isDirectoryDocument,
  oneTimeKeyRange,
  parseDirectoryId,
  usernameDocumentId,
  type AccountDocument,
  type DeviceDocument,
  type OneTimeKeyDocument,
  type OneTimeKind,
  type UsernameDocument,
} from './directory-documents.ts';

/** What is wrong with a document of the directory: its id, its fields, or that none of its contradicting leaves has them. */
export const DIRECTORY_FAULTS = ['foreign-id', 'bad-fields', 'unresolvable'] as const;
export type DirectoryFault = (typeof DIRECTORY_FAULTS)[number];

/** The name under which documents of the directory are set aside. */
export const DIRECTORY = 'directory';

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
    const leaf = leaves.find(({ rev }) => rev === winner)?.document ?? null;
    if (leaf !== null) return { ...(leaf as D), _id: id, _rev: winner ?? '' };
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
    /** Ids and revisions of one-time keys of a device, at most `limit`. */
    oneTimeKeyIds: (
      database: Database,
      device: DeviceAddress,
      registrationId: number,
      kind: OneTimeKind,
      limit: number,
    ) =>
      listIds(database, oneTimeKeyRange(device, registrationId, kind), limit, (id) => {
        const isKey = parseDirectoryId(id) !== null;
        if (!isKey) setAside.note(DIRECTORY, id, 'foreign-id');
        return isKey;
      }),
    /** A one-time key; `gone` when somebody else has it, `unreadable` when it is none. */
    oneTimeKey: async <K extends PreKey | KyberPreKey>(
      database: Database,
      id: string,
    ): Promise<Found<OneTimeKeyDocument<K>> | 'gone' | 'unreadable'> => {
      const document = await find<object>(database, id);
      if (document === null) return 'gone';
      const found = await fitting<OneTimeKeyDocument<K>>(database, document);
      return found ?? 'unreadable';
    },
  };
};

export type DirectoryReader = ReturnType<typeof createDirectoryReader>;
