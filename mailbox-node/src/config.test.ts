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
    expect(config.couch).toMatchObject({ selfUrl: required.COUCHDB_URL, peers: [], databasePrefix: '' });
    for (const name of Object.keys(required)) {
      expect(() => readConfig({ ...required, [name]: '' })).toThrow(name);
    }
  });

  it('reads peers, and leaves itself out', () => {
    const COUCHDB_PEERS = 'node1=http://d:p@one:5984, node2=http://d:p%3D@two:5984 ,node3=https://d:p@three';
    expect(readConfig({ ...required, COUCHDB_PEERS }).couch.peers).toEqual([
      { name: 'node2', url: 'http://d:p%3D@two:5984' },
      { name: 'node3', url: 'https://d:p@three' },
    ]);
  });

  it('names each bad variable and shows no password', () => {
    const bad = {
      ...required,
      COUCHDB_URL: 'http://one:5984',
      COUCHDB_ADMIN_URL: 'ftp://admin:hunter2@one',
      COUCHDB_PEERS: 'node2=http://data:hunter2@two,node2=http://data:hunter2@three',
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
      expect(() => readConfig({ ...required, COUCHDB_PEERS: peers })).toThrow('COUCHDB_PEERS');
    }
  });

  it('is in the README, every variable of it', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    for (const name of Object.keys(environment.shape)) expect(readme).toContain(`\`${name}\``);
  });
});
