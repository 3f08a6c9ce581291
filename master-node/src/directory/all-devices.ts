import type { AccountId, DeviceAddress } from '@restante/protocol';
import { connectCouch, requestRows, type CouchServer } from '@restante/service-kit';
import { parseDirectoryId } from './directory-documents.ts';

/** An account with the devices that it has, and those that it had. */
export type AccountDevices = { readonly accountId: AccountId; readonly devices: readonly DeviceAddress[] };

type Where = { readonly urls: readonly string[]; readonly database: string; readonly timeoutMs: number };

/** Has room for all devices of several accounts. */
const PAGE = 1_000;
const FIRST = 'device:';
const END = 'device;';

const pageOf = async (server: CouchServer, db: string, start: string): Promise<string[]> => {
  const qs = { startkey: start, endkey: END, limit: PAGE };
  return (await requestRows(server, { db, path: '_all_docs', qs })).map(({ id }) => id);
};

const byAccount = (ids: Iterable<string>): AccountDevices[] => {
  const devices = [...ids].flatMap((id) => {
    const about = parseDirectoryId(id);
    return about?.kind === 'device' ? [{ accountId: about.accountId, deviceId: about.deviceId }] : [];
  });
  return [...Map.groupBy(devices, (device) => device.accountId)]
    .map(([account, of]) => ({ accountId: account, devices: of }))
    .toSorted((one, other) => (one.accountId < other.accountId ? -1 : 1));
};

/**
 * All accounts after `after` in the order of their ids, a page at a time: what any CouchDB of the directory names. Nothing is read but names,
 * so nothing has to be signed.
 *
 * @throws ServiceError `unavailable` when one of them does not answer: an account that it alone has would be passed over
 */
export async function* allDevices(
  { urls, database, timeoutMs }: Where,
  after: AccountId | null,
): AsyncGenerator<readonly AccountDevices[]> {
  await using connections = new AsyncDisposableStack();
  const servers = urls.map((url) => connections.use(connectCouch(url, timeoutMs)));
  for (let start = after === null ? FIRST : `${FIRST}${after};`; ;) {
    const pages = await Promise.all(servers.map((server) => pageOf(server, database, start)));
    const ends = pages.flatMap((ids) => (ids.length === PAGE ? (ids.at(-1) ?? []) : []));
    const ids = new Set(pages.flat());
    const [end] = ends.toSorted();
    if (end === undefined) {
      yield byAccount(ids);
      return;
    }
    // The last account of the page may have more devices: it begins the next one.
    const next = end.slice(0, end.lastIndexOf(':') + 1);
    yield byAccount([...ids].filter((id) => id < next));
    start = next;
  }
}
