import { CONFLICT_SCAN, connectCouch, couchRequest, keptPath, type CouchServer } from '@restante/service-kit';
import { startCouches, type TestCouches } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConflictScan } from './conflict-scan.ts';

describe('the scan for conflicts', () => {
  let couches: TestCouches;
  let server: CouchServer & AsyncDisposable;
  let db: string;
  let own: string;
  let rows = 0;

  beforeAll(async () => {
    couches = await startCouches(1);
    server = connectCouch(couches.adminUrls[0]!, 10_000);
    db = `${couches.prefix}messages-20260101`;
    own = `${couches.prefix}node`;
    for (const name of [db, own]) await couchRequest(server, { db: name, method: 'PUT' });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await couches[Symbol.asyncDispose]();
  });

  const connect: typeof connectCouch = (url, timeoutMs) => {
    const real = connectCouch(url, timeoutMs);
    const ask = real.request.bind(real);
    const request = async (wanted: Parameters<CouchServer['request']>[0]): Promise<unknown> => {
      const answer = (await ask(wanted)) as { results?: readonly unknown[] };
      rows += answer.results?.length ?? 0;
      return answer;
    };
    return Object.assign(real, { request: request as CouchServer['request'] });
  };
  /** As `npm run status` does: with nothing but what the node keeps. */
  const scan = async () => {
    rows = 0;
    const node = { name: 'node1', adminUrl: couches.adminUrls[0]!, meshUrl: '', readerUrl: '' };
    const found = await createConflictScan(node, own, connect)(db);
    return { ids: found.map(({ id }) => id).sort(), rows };
  };
  const write = (docs: readonly object[]) =>
    couchRequest(server, { db, path: '_bulk_docs', method: 'POST', body: { docs, new_edits: false } });
  const leaf = (id: string, digit: string) => ({ _id: id, _rev: `1-${digit.repeat(32)}` });
  const fill = (documents: number) =>
    write(Array.from({ length: documents }, (_, index) => leaf(`document-${index}`, 'a')));

  it('reads the changes since the last one, and goes on telling of what is unresolved', async () => {
    await fill(300);
    await write([leaf('one', 'b'), leaf('one', 'c'), leaf('solved', 'b'), leaf('solved', 'c')]);
    expect(await scan()).toEqual({ ids: ['one', 'solved'], rows: 302 });
    await write([leaf('two', 'b'), leaf('two', 'c')]);
    await couchRequest(server, {
      db,
      path: 'solved',
      method: 'DELETE',
      qs: { rev: leaf('solved', 'c')._rev },
    });
    expect(await scan()).toEqual({ ids: ['one', 'two'], rows: 2 });
  });

  it('reads all again when the place is another database’s, or of more than is there', async () => {
    const at = { db: own, path: keptPath(CONFLICT_SCAN, db) };
    const kept = (await couchRequest(server, at)) as { instance: string };
    /** The place is told to be of this life of the database. */
    const again = async (isTold: boolean): Promise<void> => {
      await couchRequest(server, { db, method: 'DELETE' });
      await couchRequest(server, { db, method: 'PUT' });
      await write([leaf('hidden', 'b'), leaf('hidden', 'c')]);
      const { instance_start_time: instance } = (await couchRequest(server, { db })) as {
        instance_start_time: string;
      };
      const told = isTold ? instance : 'another';
      await couchRequest(server, { ...at, method: 'PUT', body: { ...kept, instance: told } });
    };
    await again(false);
    await fill(400);
    expect(await scan()).toEqual({ ids: ['hidden'], rows: 401 });
    await again(true);
    await fill(20);
    expect(await scan()).toEqual({ ids: ['hidden'], rows: 21 });
  });
});
