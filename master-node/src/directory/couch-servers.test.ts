import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CouchError, ServiceError } from '@restante/service-kit';
import { startFaultProxy, waitFor, type FaultProxy } from '@restante/testkit';
import { silentLog, startTestDirectories, type TestDirectories } from '../testing/test-directory.model.ts';
import { followCurrent } from './couch-changes.ts';
import { find, list, write } from './couch-documents.ts';
import type { CouchServers, Database } from './couch-servers.ts';

describe('the CouchDBs of the directory as one', () => {
  let directories: TestDirectories;
  let proxies: [FaultProxy, FaultProxy];
  let proxied: [string, string];
  let servers: CouchServers;

  beforeAll(async () => {
    directories = await startTestDirectories(2);
    const start = async (url: string) => {
      const proxy = await startFaultProxy(url);
      const through = new URL(url);
      through.host = proxy.address;
      return { proxy, url: through.href };
    };
    const [first, second] = [await start(directories.urls[0]!), await start(directories.urls[1]!)];
    proxies = [first.proxy, second.proxy];
    proxied = [first.url, second.url];
    servers = directories.connect(...proxied);
  });
  afterAll(async () => {
    await Promise.all(proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
    await directories[Symbol.asyncDispose]();
  });

  const idsAt = async (index: 0 | 1): Promise<string[]> => {
    const path = `${directories.database}/_all_docs`;
    const { rows } = (await directories.request(directories.urls[index]!, 'GET', path)) as {
      rows: { id: string }[];
    };
    return rows.map(({ id }) => id);
  };
  const put = (id: string) => servers.run((database) => write(database, id, {}));

  it('writes to the first, to the next while it is down, and to the first again', async () => {
    await put('one');
    expect(await idsAt(0)).toEqual(['one']);
    proxies[0].set('refuse');
    proxies[0].cut();
    await put('two');
    expect(await idsAt(1)).toEqual(['two']);
    expect(servers.states().map(({ up }) => up)).toEqual([false, true]);
    proxies[0].set('pass');
    await waitFor('the first server', () => servers.states()[0]!.up);
    await put('three');
    expect(await idsAt(0)).toEqual(['one', 'three']);
  });

  it('finds what only one of them has, and is not sure of a miss while one is down', async () => {
    const lookUp = async (id: string) => {
      const [found] = await servers.ask((database) => find(database, id));
      return found?.answer ?? null;
    };
    expect(await idsAt(0)).not.toContain('two');
    expect(await lookUp('two')).toMatchObject({ _id: 'two' });
    expect(await lookUp('nothing')).toBeNull();
    proxies[1].set('refuse');
    proxies[1].cut();
    for (const id of ['two', 'nothing']) {
      await expect(lookUp(id)).rejects.toMatchObject({ code: 'unavailable' });
    }
    expect(await lookUp('one')).toMatchObject({ _id: 'one' });
    const lookUpWhereUp = async (id: string) => {
      const [found] = await servers.askWhereUp((database) => find(database, id));
      return found?.answer ?? null;
    };
    expect(await lookUpWhereUp('one')).toMatchObject({ _id: 'one' });
    expect(await lookUpWhereUp('nothing')).toBeNull();
    proxies[1].set('pass');
    await waitFor('the second server', () => servers.states()[1]!.up);
  });

  it('carries what one alone has to another that takes it, and fails for nobody', async () => {
    const carry = (id: string) =>
      servers.carry(
        (database) => find<object>(database, id),
        async (database, found) => {
          const [document, ...others] = found.flatMap(({ answer }) => answer ?? []);
          if (document && others.length === 0 && !(await find(database, id)))
            await write(database, id, document);
        },
      );
    await put('carried');
    expect(await idsAt(1)).not.toContain('carried');
    await carry('carried');
    expect(await idsAt(1)).toContain('carried');

    await carry('never written');
    const refused = servers.carry(
      () => Promise.resolve('something'),
      () => Promise.reject(new CouchError(403, 'forbidden')),
    );
    await expect(refused).resolves.toBeUndefined();
    proxies[1].set('refuse');
    proxies[1].cut();
    await carry('one');
    proxies[1].set('pass');
    await waitFor('both servers', () => servers.states().every(({ up }) => up));
  });

  it('gathers from those that can say, and nothing when none can', async () => {
    let asked = 0;
    const gather = (failures: number) => {
      asked = 0;
      return servers.gather((database) => {
        asked += 1;
        if (asked <= failures) throw new ServiceError('unavailable', 'cannot be read here');
        return find(database, 'two');
      });
    };
    expect(await gather(1)).toMatchObject([{ answer: { _id: 'two' } }]);
    await expect(gather(2)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is unavailable when none answers, at once and with no detail of the driver', async () => {
    for (const proxy of proxies) {
      proxy.set('refuse');
      proxy.cut();
    }
    const attempts = [put('four'), put('four'), servers.askWhereUp((database) => find(database, 'one'))];
    const errors = await Promise.all(attempts.map((attempt) => attempt.catch((error: unknown) => error)));
    for (const error of errors) {
      expect(error).toBeInstanceOf(ServiceError);
      expect(error).toMatchObject({ code: 'unavailable', message: 'the directory does not answer' });
    }
    for (const proxy of proxies) proxy.set('pass');
    await waitFor('both', () => servers.states().every(({ up }) => up));
  });

  it('passes over a server without the database', async () => {
    const before = (await idsAt(0)).length;
    await directories.request(directories.urls[0]!, 'DELETE', directories.database);
    await put('five');
    expect(await idsAt(1)).toContain('five');
    expect(before).toBeGreaterThan(0);
    await directories.create(directories.urls[0]!);
    await directories.complete(directories.urls[0]!);
    await waitFor('the first server', () => servers.states()[0]!.up);
  });

  it('follows changes at the server that is current, and tells of a gap when it changes', async () => {
    const seen: string[] = [];
    let gaps = 0;
    await using feed = followCurrent('test', servers, silentLog, {
      onRow: ({ id }) => void seen.push(id),
      onGap: () => (gaps += 1),
    });
    await waitFor('the feed', () => gaps === 1);
    await put('six');
    await waitFor('a change', () => seen.includes('six'));
    proxies[0].set('refuse');
    proxies[0].cut();
    await waitFor('the gap', () => gaps === 2);
    await put('seven');
    await waitFor('a change at the other server', () => seen.includes('seven'));
    expect(seen).toEqual(['six', 'seven']);
    expect(feed).toBeDefined();
    proxies[0].set('pass');
    await waitFor('the first server', () => servers.states()[0]!.up);
    expect(await servers.run((database) => list(database, { start: 'seven', end: 'sevenx' }))).toEqual([]);
  });

  it('goes by all together when none says that it is complete, and by none of them when one is down', async () => {
    for (const url of directories.urls) {
      await directories.request(url, 'DELETE', directories.database);
      await directories.create(url);
    }
    await using fresh = directories.connect(...proxied);
    const eight = (database: Database) => write(database, 'eight', {});
    await fresh.run(eight);
    expect(await idsAt(0)).toEqual(['eight']);
    expect(fresh.states().map(({ filling }) => filling)).toEqual([false, false]);
    proxies[1].set('refuse');
    proxies[1].cut();
    await waitFor('the second to be away', () => !fresh.states()[1]!.up);
    await expect(fresh.run(eight)).rejects.toMatchObject({ code: 'unavailable' });
    expect(fresh.states()[0]).toMatchObject({ up: true, filling: true });
  });
});
