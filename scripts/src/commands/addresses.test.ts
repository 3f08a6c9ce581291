import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { callCommand } from '../testing/call-command.ts';
import { conflicts } from './conflicts.ts';
import { demo } from './demo.ts';
import { setupReplication } from './setup-replication.ts';
import { start } from './start.ts';
import { status } from './status.ts';

/** Addresses that an operator gets wrong: each command names the variable, quotes nothing, exits with 2, does nothing. */

const dataDir = mkdtempSync(join(tmpdir(), 'restante-addresses-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const COUCHDB_URLS = 'http://a:hunter2@one:1,http://a:hunter2@two:1,http://a:hunter2@three:1';
const MESH_PEERS = 'node1=http://d:hunter2@one:1,node2=http://d:hunter2@two:1,node3=http://d:hunter2@three:1';
const MESH_SELF_URLS = 'http://m:hunter2@one:1,http://m:hunter2@two:1,http://m:hunter2@three:1';
const whole = { COUCHDB_URLS, MESH_SELF_URLS, MESH_PEERS, DATA_DIR: dataDir };

const WRONG_URLS = [
  COUCHDB_URLS.replace('hunter2', 'hunter2%'),
  COUCHDB_URLS.replace('hunter2', '1#hunter2'),
  COUCHDB_URLS.replace('hunter2', '1/hunter2'),
  COUCHDB_URLS.replace('http://a', 'ftp://a'),
  COUCHDB_URLS.replace('a:hunter2@', ''),
  COUCHDB_URLS.replace('two', 'one'),
];

const named = (urls: string): string =>
  urls
    .split(',')
    .map((url, index) => `node${index + 1}=${url}`)
    .join();

const refuse = async (
  command: typeof status,
  environment: Readonly<Record<string, string>>,
  says: string,
) => {
  const { code, out, err } = await callCommand(command, [], { ...whole, ...environment });
  expect([code, out, err]).toEqual([2, '', expect.stringContaining(says)]);
  expect(err).not.toMatch(/hunter2|^ {4}at /m);
};

describe.each(Object.entries({ status, setupReplication, conflicts, start, demo }))(
  '%s',
  (_name, command) => {
    it.each(WRONG_URLS)('refuses COUCHDB_URLS=%s', async (urls) => {
      await refuse(command, { COUCHDB_URLS: urls, PORT: '0' }, 'at COUCHDB_URLS');
      expect(readdirSync(dataDir)).toEqual([]);
    });
  },
);

describe.each(Object.entries({ status, setupReplication, conflicts }))('%s', (_name, command) => {
  it.each([...WRONG_URLS.map(named), MESH_PEERS.replace('node2', 'node1'), MESH_PEERS.replace('node2=', '')])(
    'refuses MESH_PEERS=%s',
    async (peers) => {
      await refuse(command, { MESH_PEERS: peers }, 'at MESH_PEERS');
    },
  );

  it.each(WRONG_URLS.map((urls) => urls.replaceAll('//a:', '//m:')))(
    'refuses MESH_SELF_URLS=%s',
    async (urls) => {
      await refuse(command, { MESH_SELF_URLS: urls }, 'at MESH_SELF_URLS');
    },
  );

  it('refuses mailbox nodes in another order for themselves than for the others', async () => {
    for (const [variable, urls] of Object.entries({ MESH_PEERS, MESH_SELF_URLS })) {
      const [first, second, third] = urls.split(',');
      await refuse(command, { [variable]: [second, first, third].join() }, 'in the same order');
    }
    for (const variable of ['MESH_SELF_URLS', 'COUCHDB_URLS']) {
      await refuse(command, { [variable]: '' }, 'in the same order');
    }
  });

  it('refuses the variables of release 0.2.0', async () => {
    for (const [variable, urls] of Object.entries({ PEERS: MESH_PEERS, SELF_URLS: MESH_SELF_URLS })) {
      await refuse(command, { [`COUCHDB_${variable}`]: urls }, `MESH_${variable}`);
    }
  });

  it('refuses other variables by name', async () => {
    await refuse(command, { MASTER_URLS: 'ftp://one' }, 'at MASTER_URLS');
    await refuse(command, { MAILBOX_NODE_URLS: 'http://one,http://one/' }, 'at MAILBOX_NODE_URLS');
    await refuse(command, { DATABASE_PREFIX: 'Ä B' }, 'at DATABASE_PREFIX');
    await refuse(command, { MESSAGE_TTL_DAYS: '31' }, 'at MESSAGE_TTL_DAYS');
  });
});
