import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAUGHT_UP, connectCouch, keptPath, readCaughtUp } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import { randomName } from '../testing/test-device.model.ts';
import { silentLog, startTestDirectories, type TestDirectories } from '../testing/test-directory.model.ts';
import { startCarriers } from './couch-carriers.ts';
import type { CouchServers } from './couch-servers.ts';
import { accountDocumentId } from './directory-documents.ts';

type Rows = { readonly rows: readonly unknown[] };
type Info = { readonly instance_start_time: string };

describe('masters that carry the directory', () => {
  let directories: TestDirectories;
  let urls: [string, string];
  beforeAll(async () => {
    directories = await startTestDirectories(2);
    urls = directories.urls as [string, string];
  });
  afterAll(() => directories[Symbol.asyncDispose]());

  const at = (url: string, path: string, method = 'GET', body?: unknown) =>
    directories.request(url, method, `${directories.database}/${path}`, body);
  const put = async (url: string, count: number): Promise<void> => {
    const docs = Array.from({ length: count }, () => {
      const _id = accountDocumentId(randomUUID());
      const content = { username: randomName(), passwordHash: 'x', createdAt: 1, updatedAt: 1 };
      return { ...directories.signatures.sign(_id, 1, content), _id, _rev: `1-${'a'.repeat(32)}` };
    });
    await at(url, '_bulk_docs', 'POST', { docs, new_edits: false });
  };
  const countAt = async (url: string): Promise<number> => ((await at(url, '_all_docs')) as Rows).rows.length;
  /** Carries until the second has as many documents. Tells how many changes of the first were read. */
  const carry = async (until: () => Promise<boolean>): Promise<number> => {
    const servers = directories.connect(...urls);
    const [first] = servers.names;
    let rows = 0;
    const counted: CouchServers = {
      ...servers,
      changes: async (server, ...query) => {
        const page = await servers.changes(server, ...query);
        if (server === first) rows += page.results.length;
        return page;
      },
    };
    const carriers = startCarriers(counted, silentLog);
    await waitFor('all to be carried', until);
    await Promise.all(carriers.map((carrier) => carrier[Symbol.asyncDispose]()));
    return rows;
  };
  const hasAll = async (): Promise<boolean> => (await countAt(urls[1])) === (await countAt(urls[0]));
  const isComplete = async (url: string): Promise<boolean> => {
    await using server = connectCouch(url, 10_000);
    return (await readCaughtUp(server, directories))?.isComplete === true;
  };
  const lifeAt = async (url: string): Promise<string> => {
    const info = (await directories.request(url, 'GET', directories.database)) as Info;
    return info.instance_start_time;
  };
  const recreate = async (url: string): Promise<void> => {
    const before = await lifeAt(url);
    await waitFor('a database of another second', async () => {
      await directories.request(url, 'DELETE', directories.database);
      await waitFor('a new database', () =>
        directories.create(url).then(
          () => true,
          () => false,
        ),
      );
      return (await lifeAt(url)) !== before;
    });
  };

  it('go on where they were, and begin anew with a database that is another one', async () => {
    await put(urls[0], 700);
    expect(await carry(hasAll)).toBeGreaterThanOrEqual(700);
    await put(urls[0], 1);
    expect(await carry(hasAll)).toBeLessThan(250);

    await recreate(urls[1]);
    expect(await carry(hasAll)).toBeGreaterThanOrEqual(701);
    // A place in another life of the database, and one of a database that is another one by now.
    const place = `${directories.node}/${keptPath(`carried-from-${new URL(urls[0]).host}`, directories.database)}`;
    const kept = (await directories.request(urls[1], 'GET', place)) as object;
    await recreate(urls[1]);
    await directories.request(urls[1], 'PUT', place, { ...kept, _rev: undefined });
    expect(await carry(hasAll)).toBeGreaterThanOrEqual(701);
  });

  it('say that a database has all once they have carried all of each other one to it', async () => {
    await recreate(urls[1]);
    const caughtUp = `${directories.node}/${keptPath(CAUGHT_UP, directories.database)}`;
    expect(await isComplete(urls[1])).toBe(false);
    await carry(async () => (await hasAll()) && (await isComplete(urls[1])));
    // What said so is lost.
    await directories.request(urls[1], 'DELETE', caughtUp);
    await carry(() => isComplete(urls[1]));
  });
});
