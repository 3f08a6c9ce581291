import { connectCouch } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCouchTrio, type CouchTrio } from '../testing/couch-trio.ts';
import { callCommand } from '../testing/call-command.ts';
import type { CliRun } from '../testing/run-cli.ts';
import { setupReplication } from './setup-replication.ts';
import { status } from './status.ts';

type Report = {
  whole: boolean;
  databases: string[];
  replications: { node: string; peer: string; database: string; state: string }[];
  changes: { node: string; action: string; id: string }[];
  problems: string[];
};

describe('setup-replication', () => {
  let trio: CouchTrio;
  beforeAll(async () => {
    trio = await startCouchTrio();
  });
  afterAll(() => trio[Symbol.asyncDispose]());

  const setup = (args: string[], environment: Record<string, string> = {}): Promise<CliRun> =>
    callCommand(setupReplication, args, { ...trio.environment, ...environment });
  const report = async (
    args: string[],
    environment?: Record<string, string>,
  ): Promise<[Report, number | null]> => {
    const run = await setup([...args, '--json'], environment);
    expect(run.err).toBe('');
    return [JSON.parse(run.out) as Report, run.code];
  };
  const replicationDocument = (node: number, id: string) => ({
    db: '_replicator',
    path: encodeURIComponent(id),
    node: trio.nodes[node]!,
  });
  const change = async (node: number, id: string, edit: ((doc: object) => object) | null): Promise<void> => {
    const { node: target, ...at } = replicationDocument(node, id);
    await using server = connectCouch(target.adminUrl, 5_000);
    const document = (await server.request(at)) as { _rev: string };
    if (edit === null) await server.request({ ...at, method: 'DELETE', qs: { rev: document._rev } });
    else await server.request({ ...at, method: 'PUT', body: edit(document) });
  };

  it('tells on a dry run what it would do, and does nothing', async () => {
    const [planned, code] = await report(['--dry-run']);
    expect(code).toBe(1);
    expect(planned.changes).toHaveLength(6);
    expect(planned.changes.every(({ action }) => action === 'create')).toBe(true);
    const [again] = await report(['--verify', '--wait', '0']);
    expect(again.replications.map(({ state }) => state)).toEqual(Array(6).fill('missing'));
    expect(again.changes).toEqual([]);
  });

  it('sees to the nodes of its own server, which pull from those of others too', async () => {
    const elsewhere = {
      NODES_HERE: 'node2',
      COUCHDB_URLS: trio.environment['COUCHDB_URLS']!.replaceAll(/:[^:@]+@/g, ':nobody@'),
    };
    const own = trio.nodes[1]!.adminUrl;
    const urls = elsewhere.COUCHDB_URLS.split(',').with(1, own).join(',');
    const [planned] = await report(['--dry-run'], { ...elsewhere, COUCHDB_URLS: urls });
    expect(planned.problems.filter((problem) => !problem.startsWith('node2 has no replication'))).toEqual([]);
    expect(planned.replications.map(({ node, peer }) => [node, peer])).toEqual([
      ['node2', 'node1'],
      ['node2', 'node3'],
    ]);
    const wrong = await setup(['--dry-run'], { NODES_HERE: 'node4' });
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('MESH_PEERS has no node node4')]);
  });

  it('makes six replications per bucket that really replicate, and changes nothing the second time', async () => {
    const [made, code] = await report([]);
    expect(made.problems).toEqual([]);
    expect(code).toBe(0);
    expect(made.replications).toHaveLength(6);
    const [second, secondCode] = await report([]);
    expect(secondCode).toBe(0);
    expect(second.changes).toEqual([]);

    const [, bucket] = trio.databases;
    await using first = connectCouch(trio.nodes[0]!.adminUrl, 5_000);
    await using third = connectCouch(trio.nodes[2]!.adminUrl, 5_000);
    await first.use(bucket).insert({ _id: 'canary:node1:1', at: 1 } as object);
    await waitFor('the document to reach node 3', () => third.use(bucket).head('canary:node1:1'));

    const verified = await setup(['--verify']);
    expect(verified.code).toBe(0);
    expect(verified.out).toContain('The mesh is whole: 6 replications run.');
  });

  const pull = (peer: number): string => `restante-${trio.databases[1]}-from-node${peer}`;

  it('repairs half a mesh: one missing, one changed, two that nothing needs', async () => {
    const [, bucket] = trio.databases;
    // The directory is not replicated: masters carry what they have signed.
    const needless = ['restante-messages-20200101-from-node1', 'restante-directory-from-node1'];
    await change(0, pull(2), null);
    await change(1, pull(3), (document) => ({ ...document, create_target: true }));
    {
      await using server = connectCouch(trio.nodes[2]!.adminUrl, 5_000);
      const endpoint = { url: `${trio.processes[0]!.url}/gone` };
      for (const path of needless) {
        const body = { source: endpoint, target: endpoint, continuous: true };
        await server.request({ db: '_replicator', path, method: 'PUT', body });
      }
    }
    const verified = await setup(['--verify', '--wait', '0']);
    expect(verified.code).toBe(1);
    expect(verified.out).toContain(`node1 has no replication of ${bucket} from node2`);
    expect(verified.out).toContain(`node2 has another replication of ${bucket} from node3 than it should`);
    for (const id of needless) expect(verified.out).toContain(`nothing needs: ${id}`);

    const [repaired, code] = await report([]);
    expect(repaired.problems).toEqual([]);
    expect(code).toBe(0);
    expect(repaired.changes.map(({ node, action }) => `${action} ${node}`).sort()).toEqual([
      'create node1',
      'remove node3',
      'remove node3',
      'repair node2',
    ]);
  });

  it('names credentials that do not fit, and never shows them', async () => {
    const wrongAdmin = await setup(['--verify', '--wait', '0'], {
      COUCHDB_URLS: trio.environment['COUCHDB_URLS']!.replace('admin%20password', 'secret1'),
    });
    expect(wrongAdmin.code).toBe(1);
    expect(wrongAdmin.out).toMatch(/node1 \(http:\/\/127\.0\.0\.1:\d+\) refuses the admin credentials/);
    const wrongReader = await setup(['--dry-run'], {
      MESH_PEERS: trio.environment['MESH_PEERS']!.replace('reader%20password', 'secret2'),
    });
    expect(wrongReader.code).toBe(1);
    expect(wrongReader.out).toContain("node1 refuses the mesh's credentials of reader");
    const wrongMesh = await setup(['--dry-run'], {
      MESH_SELF_URLS: trio.environment['MESH_SELF_URLS']!.replace('mesh%20password', 'secret3'),
    });
    expect(wrongMesh.code).toBe(1);
    expect(wrongMesh.out).toContain("node1 refuses the mesh's credentials of mesh");
    for (const { out, err } of [wrongAdmin, wrongReader, wrongMesh])
      expect(out + err).not.toMatch(/secret\d|password/);
  });

  it('touches nothing when nodes or servers are named in another order than they were', async () => {
    const [first, second, third] = trio.nodes;
    const servers = { COUCHDB_URLS: [second, first, third].map((node) => node!.adminUrl).join() };
    const nodes = {
      MESH_SELF_URLS: [second, first, third].map((node) => node!.meshUrl).join(),
      MESH_PEERS: [
        `node1=${second!.readerUrl}`,
        `node2=${first!.readerUrl}`,
        `node3=${third!.readerUrl}`,
      ].join(),
    };
    for (const environment of [servers, nodes, { ...servers, ...nodes }]) {
      const swapped = await setup([], environment);
      expect([swapped.code, swapped.out, swapped.err]).toEqual([2, '', expect.stringContaining('node1')]);
      const looked = await callCommand(status, [], { ...trio.environment, ...environment });
      expect([looked.code, looked.err]).toEqual([2, expect.stringContaining('MESH_PEERS')]);
    }
    const [same] = await report([]);
    expect(same.changes).toEqual([]);
  });

  it('mends what it reaches when a node is down, says which one is, and is whole when it is back', async () => {
    const [, , third] = trio.processes;
    await third!.kill('SIGKILL');
    await change(0, pull(2), null);
    const [half, code] = await report(['--wait', '2']);
    expect(code).toBe(1);
    expect(half.problems.some((problem) => /^node3 \(http:.*\) does not answer$/.test(problem))).toBe(true);
    expect(half.changes).toContainEqual({
      node: 'node1',
      action: 'create',
      id: pull(2),
    });
    await third!.start();
    const [whole, wholeCode] = await report([]);
    expect(whole.problems).toEqual([]);
    expect(wholeCode).toBe(0);
  });

  it('exits with 2 when it is called in a wrong way', async () => {
    for (const [args, environment, message] of [
      [['--nonsense'], {}, 'nonsense'],
      [['--verify', '--dry-run'], {}, 'exclude each other'],
      [['--wait', 'long'], {}, '--wait'],
      [[], { COUCHDB_URLS: 'http://a:b@c,http://d:e@f' }, 'COUCHDB_URLS'],
      [[], { MESH_PEERS: '', DATA_DIR: '/nowhere' }, 'No cluster runs on /nowhere'],
    ] as [string[], Record<string, string>, string][]) {
      const run = await setup(args, environment);
      expect([run.code, run.err]).toEqual([2, expect.stringContaining(message)]);
    }
  });

  it('explains itself', async () => {
    const help = await setup(['--help']);
    expect(help.code).toBe(0);
    for (const word of ['--dry-run', '--verify', '--json', 'COUCHDB_URLS', 'MESH_SELF_URLS', 'Exit code']) {
      expect(help.out).toContain(word);
    }
  });
});
