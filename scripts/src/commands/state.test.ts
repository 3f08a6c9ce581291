import { CLOCK_DOCUMENT, connectCouch, type CouchServer } from '@restante/service-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConflictScan } from '../state/conflict-scan.ts';
import { startCouchTrio, type CouchTrio } from '../testing/couch-trio.ts';
import { callCommand } from '../testing/call-command.ts';
import { forward, serve } from '../testing/serve.ts';
import { conflicts } from './conflicts.ts';
import { confirmClock } from './confirm-clock.ts';
import { status } from './status.ts';

/** An HTTP forwarder that answers 500 to some paths. */
const startForwarder = (origin: string, isBroken: (path: string) => boolean) =>
  serve((request, response) => {
    const { url = '/' } = request;
    if (isBroken(decodeURIComponent(url))) {
      response.writeHead(500, { 'content-type': 'application/json' });
      response.end('{"error":"unknown_error","reason":"badmatch"}');
      return;
    }
    forward(request, response, origin + url);
  });

describe('status and conflicts of a cluster that is not well', () => {
  let trio: CouchTrio;
  let environment: Record<string, string>;
  beforeAll(async () => {
    trio = await startCouchTrio();
    const nobody = 'http://127.0.0.1:9';
    environment = {
      ...trio.environment,
      MASTER_URLS: nobody,
      MAILBOX_NODE_URLS: [1, 2, 3].map((number) => `${nobody}/${number}`).join(','),
    };
  });
  afterAll(() => trio[Symbol.asyncDispose]());

  /** Writes two revisions of one document side by side, as a partition would. */
  const plantConflict = async (node: number, id: string): Promise<void> => {
    await using server = connectCouch(trio.nodes[node]!.adminUrl, 5_000);
    const docs = ['a', 'b'].map((letter) => ({ _id: id, _rev: `1-${letter.repeat(32)}`, letter }));
    await server.request({
      db: 'directory',
      path: '_bulk_docs',
      method: 'POST',
      body: { docs, new_edits: false },
    });
  };

  it('counts what waits, names every problem, and exits with 1', async () => {
    const [, bucket] = trio.databases;
    {
      await using server = connectCouch(trio.nodes[0]!.adminUrl, 5_000);
      const docs = ['canary:node1:1', 'one', 'two'].map((_id) => ({ _id }));
      await server.request({ db: bucket, path: '_bulk_docs', method: 'POST', body: { docs } });
    }
    const run = await callCommand(status, [], environment);
    expect(run.code).toBe(1);
    expect(run.out).toMatch(new RegExp(`^${bucket} +2 waiting +0 waiting +0 waiting +0 of 6$`, 'm'));
    for (const problem of [
      'master 1 is down',
      'node 3 is down',
      `node1 has no replication of ${bucket} from node2`,
    ]) {
      expect(run.out).toContain(`problem: ${problem}`);
    }
  });

  it('lists resolved and unresolved conflicts', async () => {
    await plantConflict(1, 'username:alice');
    {
      await using server = connectCouch(trio.nodes[0]!.adminUrl, 5_000);
      await server
        .use('directory')
        .insert({ _id: 'conflict:2026-01-01T00:00:00.000Z:0123', kind: 'username' } as object);
    }
    const text = await callCommand(conflicts, [], environment);
    expect(text.code).toBe(1);
    expect(text.out).toContain('resolved  conflict:2026-01-01T00:00:00.000Z:0123  kind username');
    expect(text.out).toContain('unresolved on node2  username:alice  2 live revisions');
    const json = await callCommand(conflicts, ['--json'], environment);
    expect(JSON.parse(json.out)).toEqual({
      resolved: [expect.objectContaining({ kind: 'username' })],
      unresolved: [
        { node: 'node2', database: 'directory', id: 'username:alice', revisions: [`1-${'a'.repeat(32)}`] },
      ],
      problems: [],
    });
    expect((await callCommand(status, [], environment)).out).toContain(
      'problem: conflict on node2 in directory: username:alice',
    );
  });

  it('finds new conflicts, and no longer those that are resolved, when it looks again', async () => {
    const scan = createConflictScan(trio.nodes[2]!, 'node');
    expect(await scan('directory')).toEqual([]);
    await plantConflict(2, 'username:bob');
    await plantConflict(2, 'username:carol');
    expect((await scan('directory')).map(({ id }) => id)).toEqual(['username:bob', 'username:carol']);
    await using server = connectCouch(trio.nodes[2]!.adminUrl, 5_000);
    await server.use('directory').destroy('username:bob', `1-${'a'.repeat(32)}`);
    expect((await scan('directory')).map(({ id }) => id)).toEqual(['username:carol']);
  });

  it('confirms the clock to all nodes on the word of a person who knows the date', async () => {
    const today = new Date().toISOString().slice(0, 10);
    const dayMs = 24 * 60 * 60 * 1000;
    const confirmed = (node: number): Promise<number> =>
      withServer(node, async (server) => {
        const found = await server.request({ db: 'node', path: CLOCK_DOCUMENT });
        return (found as { confirmedAt: number }).confirmedAt;
      });
    const withServer = async <T>(node: number, use: (server: CouchServer) => Promise<T>): Promise<T> => {
      await using server = connectCouch(trio.nodes[node]!.adminUrl, 5_000);
      return await use(server);
    };
    await withServer(1, (server) =>
      server.request({
        db: 'node',
        path: CLOCK_DOCUMENT,
        method: 'PUT',
        body: { confirmedAt: Date.now() - 45 * dayMs },
      }),
    );

    const told = await callCommand(confirmClock, [], environment);
    expect(told.code).toBe(1);
    expect(told.out).toContain('problem: node1 has no confirmed time yet');
    expect(told.out).toContain(
      "problem: node2 does not believe this machine's clock, which is 45.0 days later",
    );

    for (const wrong of [
      '2020-01-01',
      'tomorrow',
      new Date(Date.now() + 45 * dayMs).toISOString().slice(0, 10),
    ]) {
      const refused = await callCommand(confirmClock, ['--today', wrong], environment);
      expect(refused).toMatchObject({ code: 2, out: '' });
      expect(refused.err).toContain('--today');
    }
    expect(await confirmed(1)).toBeLessThan(Date.now() - 44 * dayMs);

    const before = Date.now();
    expect((await callCommand(confirmClock, ['--today', today], environment)).code).toBe(0);
    for (const node of [0, 1, 2]) expect(await confirmed(node)).toBeGreaterThanOrEqual(before);
    expect((await callCommand(confirmClock, [], environment)).code).toBe(0);
  });

  it('never takes a document that cannot be read for one without a conflict', async () => {
    const [node] = trio.nodes;
    const { origin, username, password } = new URL(node!.adminUrl);
    /** Passes everything on but documents: those fail as one does whose place on the disk is broken. */
    await using broken = await startForwarder(origin, (path) => path.startsWith('/directory/username'));
    const throughBroken = { ...node!, adminUrl: `http://${username}:${password}@${broken.host}` };
    const scan = createConflictScan(throughBroken, 'node');
    expect(await scan('directory')).toEqual([]);
    await plantConflict(0, 'username:dora');
    await expect(scan('directory')).rejects.toMatchObject({ code: 'unavailable' });

    const through = throughBroken.adminUrl.replace(/\/$/, '');
    const urls = [through, ...trio.nodes.slice(1).map(({ adminUrl }) => adminUrl)].join(',');
    const told = await callCommand(status, [], { ...environment, COUCHDB_URLS: urls });
    expect(told.out).toMatch(/problem: conflicts of directory were not read: node1 /);
    const listed = await callCommand(conflicts, [], { ...environment, COUCHDB_URLS: urls });
    expect(listed.code).toBe(1);
    expect(listed.out).toMatch(/problem: node1 /);
  });

  it('tells of documents that services have set aside, and of a directory that is being filled', async () => {
    const health = {
      couchdb: { state: 'up' },
      databases: [],
      replications: [],
      lagSeconds: {},
      directory: [{ url: 'http://couch1', filling: true }],
      setAside: {
        counts: { 'foreign-id': 2, 'bad-fields': 0 },
        examples: [{ database: 'messages-20260101', id: 'an odd id', fault: 'foreign-id' }],
      },
    };
    await using service = await serve((_request, response) => response.end(JSON.stringify(health)));
    const url = `http://${service.host}`;
    const told = await callCommand(status, [], { ...environment, MASTER_URLS: url, MAILBOX_NODE_URLS: url });
    expect(told.out).toMatch(/^problem: .*http:\/\/couch1/m);
    for (const name of ['master 1', 'node 1']) {
      expect(told.out).toContain(
        `problem: ${name} has set documents aside (2 foreign-id), for one messages-20260101 "an odd id"`,
      );
    }
  });

  it('says which node did not answer', async () => {
    await trio.processes[0]!.kill('SIGKILL');
    const listed = await callCommand(conflicts, [], environment);
    expect(listed.code).toBe(1);
    expect(listed.out).toMatch(/problem: node1 \(http:.*\) does not answer/);
    const told = await callCommand(status, [], environment);
    expect(told.out).toMatch(/problem: node1 \(http:.*\) does not answer/);
  });
});
