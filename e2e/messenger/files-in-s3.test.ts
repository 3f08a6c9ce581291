import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ObjectStoreAddress } from '@restante/service-kit';
import { startFaultProxy, startObjectStore, waitFor, type FaultProxy } from '@restante/testkit';
import { NETWORK_FAILURES, startStage, type BrowserPerson, type Stage } from '@restante/testkit/messenger';
import { startNginx, type Nginx } from '@restante/testkit/nginx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { photo } from './photo.ts';

/** Files of a cell with an object store: browsers put and get them there, past nginx and nodes, by what nginx and the bucket let them. */

const run = promisify(execFile);
const COMMANDS = fileURLToPath(new URL('../../scripts/src/main.ts', import.meta.url));

const cleanup = new AsyncDisposableStack();
let stage: Stage;
let nginx: Nginx;
/** All reach the store through it. */
let line: FaultProxy;
let address: ObjectStoreAddress;
/** They go on with what the tests before have left. */
let alice: BrowserPerson;
let bob: BrowserPerson;

/** `npm run object-store`, for pages of these origins. */
const setUpBucket = async (origins: readonly string[]): Promise<void> => {
  await run(process.execPath, [COMMANDS, 'object-store'], {
    env: {
      PATH: process.env['PATH'],
      ...{ S3_ENDPOINT: address.endpoint, S3_REGION: address.region, S3_BUCKET: address.bucket },
      ...{ S3_ACCESS_KEY_ID: address.accessKeyId, S3_SECRET_ACCESS_KEY: address.secretAccessKey },
      SERVER_ORIGINS: origins.join(','),
    },
  });
};

beforeAll(async () => {
  const store = cleanup.use(await startObjectStore());
  line = cleanup.use(await startFaultProxy(store.address.endpoint));
  address = { ...store.address, endpoint: line.url };
  await setUpBucket(['https://nobody.example.org']);
  const origin = { BLOB_STORE: 's3', S3_ENDPOINT: address.endpoint };
  stage = cleanup.use(
    await startStage({
      settings: {
        mailboxNode: {
          ...{ ...origin, S3_REGION: address.region, S3_BUCKET: address.bucket },
          ...{ S3_ACCESS_KEY_ID: address.accessKeyId, S3_SECRET_ACCESS_KEY: address.secretAccessKey },
        },
        master: origin,
      },
      startFront: async ({ parts: { masters, mailboxNodes } }, messengerDir) => {
        nginx = await startNginx({
          ...{ master: masters[0]!.url, mailboxNodes: mailboxNodes.map(({ url }) => url) },
          ...{ messengerDir, objectStore: address.endpoint },
        });
        return nginx;
      },
    }),
  );
  [alice, bob] = (await stage.friends('alice', 'bob')) as [BrowserPerson, BrowserPerson];
  // They are found at origins of their own, as at several servers.
  await setUpBucket([alice.network.url, bob.network.url]);
}, 240_000);
afterAll(async () => {
  const unexpected = await stage.clear();
  await cleanup.disposeAsync();
  expect(unexpected).toEqual([]);
});

/** Parts that went through nginx to a node, or from there. */
const partsByNodes = (): { readonly put: number; readonly got: number; readonly places: number } => {
  const ofParts = nginx.requests().filter(({ route }) => route?.endsWith('/blobs/:id/:part'));
  const count = (method: string): number => ofParts.filter((request) => request['method'] === method).length;
  return { put: count('PUT'), got: count('GET'), places: count('POST') };
};

const bytesOf = (size: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 2_654_435_761) >>> 24));
const send = async (person: BrowserPerson, name: string, mimeType: string, buffer: Buffer): Promise<void> => {
  const page = person.page();
  await page.locator('form input[type=file]').setInputFiles([{ name, mimeType, buffer }]);
  await page.getByRole('list', { name: 'Files to send' }).waitFor();
  await page.getByRole('button', { name: 'Send', exact: true }).click();
};
const saved = async (person: BrowserPerson, name: string): Promise<Buffer> => {
  const page = person.page();
  await page.locator('[data-part=file]').filter({ hasText: name }).waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: `Save ${name}` }).click(),
  ]);
  return readFile(await download.path());
};

describe('files in an object store', () => {
  it('go there and come from there, and no byte of them comes by a server', async () => {
    const before = partsByNodes();
    await send(alice, 'sea.jpg', 'image/jpeg', await photo(alice, 3_200, 2_400));
    const tile = bob.page().locator('[data-part=picture]');
    await tile.waitFor();
    await waitFor('the whole picture', async () => (await tile.getAttribute('data-shows')) === 'whole');
    const pdf = bytesOf(2_300_000);
    await send(alice, 'lease.pdf', 'application/pdf', pdf);
    expect((await saved(bob, 'lease.pdf')).equals(pdf)).toBe(true);
    const after = partsByNodes();
    expect([after.put - before.put, after.got - before.got]).toEqual([0, 0]);
    // Each part was asked for twice: to put it, and to get it.
    expect(after.places - before.places).toBeGreaterThanOrEqual(2 * (1 + 3));
  });

  it('are all that a page may reach elsewhere', async () => {
    alice.complaints.expect(/policy violated: connect-src by http:\/\/127/, /Content Security Policy/);
    const outcomes = await alice.page().evaluate<boolean[], string[]>(
      // In the page's words, since this program has no DOM.
      `(async (urls) => Promise.all(urls.map((url) => fetch(url, { mode: 'no-cors' }).then(() => true, () => false))))(${JSON.stringify(
        [address.endpoint, nginx.httpUrl, 'http://127.0.0.1:9/'],
      )})`,
      [],
    );
    expect(outcomes).toEqual([true, false, false]);
  });

  it('go and come by the nodes where the store lets a page not in', async () => {
    await setUpBucket([alice.network.url]);
    bob.complaints.expect(/blocked by CORS policy/, ...NETWORK_FAILURES);
    const before = partsByNodes();
    const [hers, his] = [bytesOf(1_300_000), bytesOf(1_200_000)];
    await send(alice, 'hers.bin', 'application/octet-stream', hers);
    expect((await saved(bob, 'hers.bin')).equals(hers)).toBe(true);
    await send(bob, 'his.bin', 'application/octet-stream', his);
    expect((await saved(alice, 'his.bin')).equals(his)).toBe(true);
    const after = partsByNodes();
    expect([after.put - before.put, after.got - before.got]).toEqual([2, 2]);
  });

  it('wait while the store is away, and go on when it is back', async () => {
    for (const { complaints } of [alice, bob])
      complaints.expect(/blocked by CORS policy/, ...NETWORK_FAILURES);
    const film = bytesOf(4_500_000);
    const before = partsByNodes();
    line.set({ latencyMs: 20, bytesPerSecond: 1_000_000 });
    await send(alice, 'film.bin', 'application/octet-stream', film);
    await waitFor('some of it to be on its way', () => partsByNodes().places - before.places >= 3);
    line.set('refuse');
    line.cut();
    await alice.write('the film waits');
    await bob.sees('the film waits');
    const row = bob.page().locator('[data-part=file]').filter({ hasText: 'film.bin' });
    expect(await row.count()).toBe(0);
    line.set('pass');
    expect((await saved(bob, 'film.bin')).equals(film)).toBe(true);
  });
});
