import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorBody } from '@restante/protocol';
import { connectCouch } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MeshNode } from '../mesh/mesh-node.ts';
import type { ShownState } from '../watch/cluster-routes.ts';
import { startCouchTrio, type CouchTrio } from '../testing/couch-trio.ts';
import { isDataInUse } from './data-lock.ts';
import { removeFromCouch } from './remove-from-couch.ts';
import { startCluster, type Cluster } from './start-cluster.ts';

describe('cluster on CouchDB servers that are there already', () => {
  let dir: string;
  let trio: CouchTrio;
  let cluster: Cluster;
  const ends: string[] = [];
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'restante-cluster-'));
    trio = await startCouchTrio();
    cluster = await startCluster({
      dataDir: join(dir, 'shared'),
      couchUrls: trio.nodes.map(({ adminUrl }) => adminUrl),
      databasePrefix: 'test-',
      masters: 2,
      onEvent: (event) => {
        if (event.type === 'exited') ends.push(`${event.process.name} ${event.expected}`);
      },
    });
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await trio[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  });

  const shown = async (): Promise<ShownState> =>
    (await (await fetch(`${cluster.front.url}/cluster/state`)).json()) as ShownState;
  const isWell = async (): Promise<boolean> => (await shown()).isWell;

  it('starts no server of its own, and keeps to databases with its prefix', async () => {
    expect(cluster.couches).toEqual([]);
    await waitFor('the mesh to be whole', isWell);
    await using server = connectCouch(trio.nodes[0]!.adminUrl, 5_000);
    const names = (await server.request({ path: '_all_dbs' })) as string[];
    const made = names.filter((name) => name.startsWith('test-'));
    const others = names.filter((name) => !name.startsWith('_') && !name.startsWith('test-'));
    expect(others.sort()).toEqual([...trio.databases, 'node'].sort());
    expect(made.length).toBeGreaterThan(4);
    expect(made.every((name) => /^test-(?:directory|node|(?:messages|blobs)-\d{8})$/.test(name))).toBe(true);
  });

  it('goes on through the front with the other master when one is killed', async () => {
    const [first] = cluster.masters;
    await first!.kill('SIGKILL');
    for (let round = 0; round < 4; round += 1) {
      const answer = await fetch(`${cluster.front.url}/api/accounts/nobody`);
      expect(errorBody.parse(await answer.json()).code).toBe('unauthorized');
    }
    await waitFor('the state to tell it', async () => {
      const masters = (await shown()).cell?.servers[0]?.state?.masters;
      return masters?.map(({ up }) => up).join() === 'false,true';
    });
    await first!.start();
  });

  it('tells that its masters have no way to each other, and takes the bus back on its port', async () => {
    const [bus] = cluster.buses;
    await bus!.kill('SIGKILL');
    await waitFor('the state to tell it', async () => {
      const problems = (await shown()).cell?.problems;
      return [1, 2].every((number) => problems?.includes(`master ${number} has no way to the other masters`));
    });
    await bus!.start();
    await waitFor('the bus to be back', isWell);
  });

  it('tells by the front that a mailbox node is down, and takes it back on its port', async () => {
    const node = cluster.mailboxNodes[1]!;
    const { url } = node;
    await node.kill('SIGKILL');
    const ask = async () => {
      const answer = await fetch(`${cluster.front.url}/node2/messages/nobody?device=1`);
      return [answer.status, errorBody.parse(await answer.json()).code];
    };
    expect(await ask()).toEqual([503, 'unavailable']);
    await node.restart();
    expect(node.url).toBe(url);
    expect(await ask()).toEqual([401, 'unauthorized']);
    expect(ends).toEqual(['master1 true', 'bus true', 'node2 true']);
  });

  it('fails at once with the cause of the part that ended, while others would go on waiting', async () => {
    const busy = createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    const { port } = busy.address() as AddressInfo;
    const nobody = ['http://a:b@127.0.0.1:1', 'http://a:b@127.0.0.1:2', 'http://a:b@127.0.0.1:3'];
    const broken = startCluster({
      dataDir: join(dir, 'busy'),
      couchUrls: nobody,
      ports: { mailboxNodes: [port] },
    });
    await expect(broken).rejects.toThrow(
      `node1 ended before it was ready (exit code 1):\nlisten EADDRINUSE: address already in use 127.0.0.1:${port}`,
    );
    busy.close();
  });

  it('stops everything and frees its data when a part does not start', async () => {
    const dataDir = join(dir, 'broken');
    const pids: number[] = [];
    const broken = startCluster({
      dataDir,
      couchUrls: trio.nodes.map(({ adminUrl }) => adminUrl),
      databasePrefix: 'broken-',
      settings: { master: { WRITE_CONCERN: '9' } },
      onEvent: ({ type, process }) => {
        if (type === 'ready' && process.pid !== undefined) pids.push(process.pid);
      },
    });
    await expect(broken).rejects.toThrow(
      /^master1 ended before it was ready \(exit code 2\):\nWRITE_CONCERN/,
    );
    expect(pids).toHaveLength(3);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await isDataInUse(dataDir)).toBe(false);
    expect(readdirSync(dataDir)).not.toContain('running.json');
  });

  it('leaves nothing on the servers when it is removed from them, and nothing of others is touched', async () => {
    await cluster[Symbol.asyncDispose]();
    const [{ adminUrl }] = trio.nodes as [MeshNode];
    await using server = connectCouch(adminUrl, 5_000);
    const ids = async (db: string): Promise<string[]> => {
      const { rows } = (await server.request({ db, path: '_all_docs' })) as { rows: { id: string }[] };
      return rows.map(({ id }) => id);
    };
    const other = 'restante-near-test-directory-from-node2';
    const endpoint = { url: 'http://127.0.0.1:1/near-test-directory' };
    const body = { source: endpoint, target: endpoint, continuous: true };
    await server.request({ db: '_replicator', path: other, method: 'PUT', body });
    const otherUser = 'org.couchdb.user:near-test-mailbox-node-1';
    const user = { name: 'near-test-mailbox-node-1', password: 'secret', roles: [], type: 'user' };
    await server.request({ db: '_users', path: otherUser, method: 'PUT', body: user });
    expect(await ids('_users')).toContain('org.couchdb.user:test-mailbox-node-1');

    for (const prefix of ['test-', 'broken-']) await removeFromCouch(adminUrl, prefix);
    expect((await ids('_replicator')).filter((id) => !id.startsWith('_design/'))).toEqual([other]);
    expect((await ids('_users')).filter((id) => !id.startsWith('_design/'))).toEqual([otherUser]);
    const names = (await server.request({ path: '_all_dbs' })) as string[];
    expect(names.filter((name) => !name.startsWith('_'))).toEqual([...trio.databases, 'node'].sort());
    await expect(removeFromCouch(adminUrl, '')).rejects.toThrow(RangeError);
  });
});
