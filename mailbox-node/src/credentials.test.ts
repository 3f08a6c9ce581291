import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedCouch } from '@restante/couchdb/embedded';
import { createLog } from '@restante/service-kit';
import { mailboxNodeConfigs, newTestKeys, waitFor } from '@restante/testkit';
import { expect, it } from 'vitest';
import { startMailboxNode } from './service.ts';

type Line = {
  readonly level: string;
  readonly event: string;
  readonly what?: string;
  readonly reason?: string;
};

it('names credentials that are refused, is not ready, and recovers without a restart; a first start is quiet', async () => {
  await using cleanup = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'restante-refused-'));
  cleanup.defer(() => rm(dataDir, { recursive: true, force: true }));
  const startCouch = (password: string, port: number) =>
    startEmbeddedCouch({ dataDir, port, admin: { name: 'admin', password } });
  const wrong = await startCouch('another-password', 0);
  const adminUrl = wrong.url.replace('://', '://admin:right-password@');
  const [config] = await mailboxNodeConfigs(
    { adminUrls: [adminUrl], prefix: '', [Symbol.asyncDispose]: () => Promise.resolve() },
    newTestKeys(),
  );
  const lines: Line[] = [];
  const log = createLog('test', 'info', { write: (line) => lines.push(JSON.parse(line) as Line) });
  const errors = (): Line[] => lines.filter(({ level }) => level === 'error');

  const node = cleanup.use(await startMailboxNode(config!, { log }));
  const health = async () =>
    (await (await fetch(`${node.url}/health`)).json()) as {
      readonly status: string;
      readonly couchdb: { readonly state: string; readonly admin: { readonly state: string } };
    };
  await waitFor('both refusals to be told', async () => {
    const { couchdb } = await health();
    return couchdb.state === 'refused' && couchdb.admin.state === 'refused';
  });
  expect((await fetch(`${node.url}/ready`)).status).toBe(503);
  expect((await health()).status).toBe('down');
  expect(errors().map(({ what }) => what)).toEqual(
    expect.arrayContaining(['COUCHDB_URL', 'COUCHDB_ADMIN_URL']),
  );
  expect(JSON.stringify(lines)).not.toContain('-password');

  // From here on it is what a first start finds: no user, no database.
  await wrong[Symbol.asyncDispose]();
  await waitFor('the end of CouchDB to be noticed', async () => (await health()).couchdb.state === 'down');
  lines.length = 0;
  cleanup.use(await startCouch('right-password', wrong.port));
  await waitFor('the node to be ready', async () => (await fetch(`${node.url}/ready`)).ok);
  expect(errors()).toEqual([]);
});
