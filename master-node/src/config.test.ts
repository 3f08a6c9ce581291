import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { environment, readConfig } from './config.ts';

const complete = {
  TOKEN_PRIVATE_KEY: 'private',
  TOKEN_PUBLIC_KEY: 'public',
  DIRECTORY_PRIVATE_KEY: 'private',
  DIRECTORY_PUBLIC_KEYS: 'public',
  DIRECTORY_URLS: 'http://name:password@couch1:5984, http://name:password@couch2:5984',
  MAILBOX_NODES: 'node1=http://mailbox1:8081|/node1,node2=http://mailbox2:8081/|https://two.example',
};

describe('the configuration', () => {
  it('has nodes in cells, in the default one when none is named', () => {
    const { mailboxes, directory } = readConfig(complete);
    expect(mailboxes.cells).toEqual([
      {
        name: 'default',
        nodes: [
          { name: 'node1', url: 'http://mailbox1:8081', publicUrl: '/node1' },
          { name: 'node2', url: 'http://mailbox2:8081', publicUrl: 'https://two.example' },
        ],
      },
    ]);
    expect(directory.urls).toHaveLength(2);
    const two = 'east/a=http://a|/a,east/b=http://b|/b,west/c=http://c|/c,west/d=http://d|/d';
    const { cells } = readConfig({ ...complete, MAILBOX_NODES: two }).mailboxes;
    expect(cells.map(({ name, nodes }) => [name, nodes.length])).toEqual([
      ['east', 2],
      ['west', 2],
    ]);
  });

  it.each([
    ['MAILBOX_NODES', 'node1'],
    ['MAILBOX_NODES', 'a=http://a|/a,a=http://b|/b'],
    ['MAILBOX_NODES', 'east/a=http://a|/a,east/b=http://b|/b,'],
    ['MAILBOX_NODES', 'east//a=http://a|/a,b=http://b|/b'],
    ['DIRECTORY_URLS', 'couch1:5984'],
    ['WRITE_CONCERN', '3'],
    ['WRITE_POLICY', 'sometimes'],
    ['SERVER_ORIGINS', 'a.example.org'],
    ['SERVER_ORIGINS', 'https://a.example.org/path'],
    ['SERVER_ORIGINS', 'https://A.example.org'],
    ['SERVER_ORIGINS', 'https://a.example.org,https://a.example.org'],
    ['SERVER_ORIGINS', Array.from({ length: 17 }, (_, index) => `https://${index}.example.org`).join(',')],
    ['BUS_URLS', 'bus:4222'],
    ['BUS_URLS', 'nats://bus:4222'],
    ['BUS_URLS', 'http://name:password@bus:4222'],
    ['BUS_URLS', 'nats://name:password@bus:4222/path'],
    ['BUS_URLS', 'nats://name:%@bus:4222'],
    ['BUS_URLS', 'nats://name:password@one,'],
    ['BUS_URLS', 'nats://name:password@one,nats://name:other@two'],
    ['BUS_URLS', 'nats://name:password@one,tls://name:password@two'],
  ])('names %s when it is %s', (name, value) => {
    expect(() => readConfig({ ...complete, [name]: value })).toThrow(name);
  });

  it('has cells that are large enough, with names of their own, and one that joins', () => {
    const nodes = (...each: string[]) =>
      each.map((name) => `${name}=http://x:1|/${name.split('/').at(-1)}`).join(',');
    const two = nodes('east/a', 'east/b', 'west/c', 'west/d');
    const read = (MAILBOX_NODES: string, more: Record<string, string> = {}) =>
      readConfig({ ...complete, MAILBOX_NODES, ...more }).mailboxes;
    expect(read(two).joining).toBeNull();
    expect(read(two, { JOINING_CELL: 'west' }).joining).toBe('west');
    // The first cell needs no name; the second has one.
    expect(read(nodes('a', 'b', 'west/c', 'west/d')).cells.map(({ name }) => name)).toEqual([
      'default',
      'west',
    ]);
    for (const [given, more, error] of [
      [nodes('east/a', 'east/b', 'west/a', 'west/d'), {}, 'names the node a twice'],
      [nodes('east/a', 'east/b', 'west/c'), {}, 'the cell west of MAILBOX_NODES has 1 nodes'],
      [two, { JOINING_CELL: 'north' }, 'JOINING_CELL is north, and MAILBOX_NODES has no such cell'],
      [nodes('a', 'b'), { JOINING_CELL: 'default' }, 'MAILBOX_NODES has no cell that it joins'],
    ] as const)
      expect(() => read(given, more)).toThrow(error);
  });

  it('lets pages of all servers in, and of whom else it is told; of anybody when it is told of none', () => {
    expect(readConfig(complete)).toMatchObject({ serverOrigins: [], allowedOrigins: null });
    const SERVER_ORIGINS = 'https://a.example.org, https://b.example.org/';
    const servers = ['https://a.example.org', 'https://b.example.org'];
    expect(readConfig({ ...complete, SERVER_ORIGINS })).toMatchObject({
      ...{ serverOrigins: servers, allowedOrigins: servers },
    });
    const ALLOWED_ORIGINS = 'https://page.example.org';
    expect(readConfig({ ...complete, SERVER_ORIGINS, ALLOWED_ORIGINS })).toMatchObject({
      ...{ serverOrigins: servers, allowedOrigins: [...servers, ALLOWED_ORIGINS] },
    });
  });

  it('knows where the object store is, where there is one', () => {
    const S3_ENDPOINT = 'https://s3.example.org';
    expect(readConfig({ ...complete, S3_ENDPOINT }).objectStoreOrigin).toBeNull();
    const s3 = { ...complete, BLOB_STORE: 's3' };
    expect(readConfig({ ...s3, S3_ENDPOINT }).objectStoreOrigin).toBe(S3_ENDPOINT);
    for (const wrong of ['', `${S3_ENDPOINT}/bucket`])
      expect(() => readConfig({ ...s3, S3_ENDPOINT: wrong })).toThrow('S3_ENDPOINT');
  });

  it('has a bus for several masters, under the prefix of the databases', () => {
    expect(readConfig(complete).bus).toBeNull();
    const several = { ...complete, MASTERS: '2' };
    expect(() => readConfig(several)).toThrow('MASTERS is 2, and BUS_URLS names no bus between them');
    const BUS_URLS = 'nats://master:pass%23word@one, nats://master:pass%23word@two:4333/';
    expect(readConfig({ ...several, BUS_URLS }).bus).toEqual({
      servers: ['one:4222', 'two:4333'],
      user: 'master',
      password: 'pass#word',
      isTls: false,
      databasePrefix: '',
    });
    const prefixed = { ...several, BUS_URLS: 'tls://master:password@one', DATABASE_PREFIX: 'cell_' };
    expect(readConfig(prefixed).bus).toMatchObject({ isTls: true, databasePrefix: 'cell_' });
  });

  it('quotes no password of the bus', () => {
    for (const BUS_URLS of ['nats://name:secret@', 'nats://name:secret@one,nats://name:secret2@two'])
      expect(() => readConfig({ ...complete, BUS_URLS })).toThrow(/^(?!.*secret)/s);
  });

  it('is all in the README', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    const named = [...readme.matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(([, name]) => name);
    expect(named).toEqual(Object.keys(environment.shape));
  });

  it('ends the start with 2 when a secret is missing, naming each', async () => {
    const main = fileURLToPath(new URL('main.ts', import.meta.url));
    const child = spawn(process.execPath, [main], { env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
    const [errors, code] = await Promise.all([
      text(child.stderr),
      new Promise((resolve) => child.once('close', resolve)),
    ]);
    expect(code).toBe(2);
    for (const name of [
      'TOKEN_PRIVATE_KEY',
      'TOKEN_PUBLIC_KEY',
      'DIRECTORY_PRIVATE_KEY',
      'DIRECTORY_PUBLIC_KEYS',
      'DIRECTORY_URLS',
      'MAILBOX_NODES',
    ]) {
      expect(errors).toContain(name);
    }
    expect(errors).not.toMatch(/\.ts:\d/);
  });
});
