import { ConfigError } from '@restante/service-kit';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { environment, readConfig } from './config.ts';

const required = {
  COUCHDB_URL: 'http://data:pw@one:5984',
  COUCHDB_ADMIN_URL: 'http://admin:pw@one:5984',
  TOKEN_PUBLIC_KEY: 'key',
};

describe('configuration', () => {
  it('needs three variables and has defaults for the others', () => {
    const config = readConfig(required);
    expect(config).toMatchObject({ name: 'node1', mailboxMaxMessages: 10_000, messageTtlMs: 2_592_000_000 });
    expect(config.couch).toMatchObject({ mesh: null, databasePrefix: '' });
    for (const name of Object.keys(required)) {
      expect(() => readConfig({ ...required, [name]: '' })).toThrow(name);
    }
  });

  const mesh = {
    MESH_SELF_URL: 'http://mesh:hunter2@one:5984',
    MESH_PEERS: 'node1=http://r:hunter2@one:5984, node2=http://r:p%3D@two:5984 ,node3=https://r:p@three',
  };

  it('reads the peers, and the users of the mesh at this node', () => {
    expect(readConfig({ ...required, ...mesh }).couch.mesh).toEqual({
      selfUrl: 'http://mesh:hunter2@one:5984',
      readerUrl: 'http://r:hunter2@one:5984',
      peers: [
        { name: 'node2', url: 'http://r:p%3D@two:5984' },
        { name: 'node3', url: 'https://r:p@three' },
      ],
      patienceMs: 2_000,
      blobBytesPerSecond: null,
    });
    const paced = { ...required, ...mesh, MESH_BLOB_KB_PER_SECOND: '2000' };
    expect(readConfig(paced).couch.mesh?.blobBytesPerSecond).toBe(2_048_000);
    const alone = { MESH_PEERS: 'node1=http://r:hunter2@one:5984' };
    expect(readConfig({ ...required, ...alone }).couch.mesh).toBeNull();
  });

  it.each([
    ['MESH_SELF_URL', { MESH_SELF_URL: '' }],
    ['MESH_SELF_URL', { MESH_SELF_URL: 'http://data:hunter2@one:5984' }],
    ['MESH_SELF_URL', { MESH_SELF_URL: 'http://admin:hunter2@one:5984' }],
    ['MESH_PEERS', { MESH_PEERS: 'node2=http://r:hunter2@two,node3=http://r:hunter2@three' }],
    ['MESH_PEERS', { MESH_PEERS: 'node1=http://data:hunter2@one,node2=http://r:hunter2@two' }],
    ['MESH_PEERS', { MESH_PEERS: 'node1=http://mesh:hunter2@one,node2=http://r:hunter2@two' }],
  ])('of a mesh names %s when its user is not one of its own: %j', (variable, wrong) => {
    const read = () => readConfig({ ...required, ...mesh, ...wrong });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(`at ${variable}`);
    expect(read).not.toThrow('hunter2');
  });

  it('reads where blobs go, and names what is missing for S3', () => {
    const s3 = {
      BLOB_STORE: 's3',
      S3_ENDPOINT: 'https://s3.example.org',
      S3_BUCKET: 'restante',
      S3_ACCESS_KEY_ID: 'key',
      S3_SECRET_ACCESS_KEY: 'hunter2',
    };
    expect(readConfig({ ...required, ...s3 }).objectStore).toEqual({
      endpoint: 'https://s3.example.org',
      region: 'us-east-1',
      bucket: 'restante',
      accessKeyId: 'key',
      secretAccessKey: 'hunter2',
    });
    expect(readConfig({ ...required, ...s3, BLOB_STORE: 'couchdb' }).objectStore).toBeNull();
    for (const variable of Object.keys(s3).slice(1)) {
      const read = () => readConfig({ ...required, ...s3, [variable]: '' });
      expect(read).toThrow(`at ${variable}`);
      expect(read).not.toThrow('hunter2');
    }
    for (const wrong of ['s3.example.org', 'https://s3.example.org/path', 'ftp://s3.example.org'])
      expect(() => readConfig({ ...required, ...s3, S3_ENDPOINT: wrong })).toThrow('at S3_ENDPOINT');
  });

  it.each(['COUCHDB_SELF_URL', 'COUCHDB_PEERS'])(
    'refuses %s of release 0.2.0, which named a CouchDB',
    (variable) => {
      const former = { [variable]: 'http://mesh:hunter2@one:5984' };
      expect(() => readConfig({ ...required, ...former })).toThrow(`at ${variable}`);
    },
  );

  it('names each bad variable and shows no password', () => {
    const bad = {
      ...required,
      COUCHDB_URL: 'http://one:5984',
      COUCHDB_ADMIN_URL: 'ftp://admin:hunter2@one',
      MESH_PEERS: 'node2=http://data:hunter2@two,node2=http://data:hunter2@three',
      NODE_NAME: 'Node:1',
      BUCKET_SPAN_DAYS: '0',
      DATABASE_PREFIX: '_x',
    };
    try {
      readConfig(bad);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      const { message } = error as Error;
      for (const name of Object.keys(bad).filter((key) => key !== 'TOKEN_PUBLIC_KEY')) {
        expect(message).toContain(name);
      }
      expect(message).not.toContain('hunter2');
    }
    for (const peers of ['node2', 'node2=http://two', '=http://d:p@two', 'a=b=c']) {
      expect(() => readConfig({ ...required, MESH_PEERS: peers })).toThrow('MESH_PEERS');
    }
  });

  it('is in the README, every variable of it', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    for (const name of Object.keys(environment.shape)) expect(readme).toContain(`\`${name}\``);
  });
});
