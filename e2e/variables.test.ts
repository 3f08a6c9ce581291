import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { SCRIPTS } from '@restante/scripts/cluster';
import { expect, it } from 'vitest';

/** A variable that is missing or wrong: the service names each one, quotes no value, and ends with 2. */

const SECRET = 'a-secret-that-nobody-may-read';

const run = async (script: string, environment: Readonly<Record<string, string>>) => {
  const child = spawn(process.execPath, [script], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: code as number | null, said: out + err };
};

it.each([
  [
    'couch',
    ['EMBEDDED_COUCH_DATA_DIR', 'EMBEDDED_COUCH_PORT'],
    { EMBEDDED_COUCH_ADMIN: SECRET, EMBEDDED_COUCH_PASSWORD: SECRET, EMBEDDED_COUCH_PORT: SECRET },
  ],
  [
    'mailboxNode',
    ['COUCHDB_URL', 'COUCHDB_ADMIN_URL', 'TOKEN_PUBLIC_KEY', 'PORT'],
    { COUCHDB_URL: SECRET, PORT: SECRET },
  ],
  [
    'master',
    ['DIRECTORY_URLS', 'MAILBOX_NODES', 'BUS_URLS', 'TOKEN_PRIVATE_KEY', 'DIRECTORY_PRIVATE_KEY', 'PORT'],
    { DIRECTORY_URLS: SECRET, BUS_URLS: `nats://master:${SECRET}@one,two`, PORT: SECRET },
  ],
  [
    'watch',
    ['MASTER_URLS', 'MAILBOX_NODES', 'OPERATOR_PASSWORD', 'PORT'],
    { MASTER_URLS: SECRET, OPERATOR_PASSWORD: `${SECRET} ü`, PORT: SECRET },
  ],
  ['front', ['MASTER_URLS', 'MAILBOX_NODE_URLS', 'PORT'], { MASTER_URLS: SECRET, PORT: SECRET }],
] as const)('%s names them', async (service, names, environment) => {
  const { code, said } = await run(SCRIPTS[service], environment);
  expect(code).toBe(2);
  for (const name of names) expect(said).toContain(name);
  expect(said).not.toContain(SECRET);
});

it.each(['mailboxNode', 'master'] as const)('%s names a key that is none', async (service) => {
  const url = `http://data:${SECRET}@127.0.0.1:1`;
  const { code, said } = await run(SCRIPTS[service], {
    PORT: '0',
    COUCHDB_URL: url,
    COUCHDB_ADMIN_URL: url,
    DIRECTORY_URLS: url,
    MAILBOX_NODES: 'node1=http://127.0.0.1:1|/node1,node2=http://127.0.0.1:1|/node2',
    TOKEN_PRIVATE_KEY: SECRET,
    TOKEN_PUBLIC_KEY: SECRET,
    DIRECTORY_PRIVATE_KEY: SECRET,
    DIRECTORY_PUBLIC_KEYS: SECRET,
  });
  expect(code).toBe(2);
  expect(said).toMatch(/TOKEN_(PUBLIC|PRIVATE)_KEY/);
  expect(said).not.toContain(SECRET);
});
