import { connectCouch, type CouchServer } from '@restante/service-kit';
import { startCouches, askCouch } from '@restante/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLookedThrough } from './looked-through.ts';

const cleanup = new AsyncDisposableStack();
let server: CouchServer;
let [adminUrl, node] = ['', ''];
beforeAll(async () => {
  const couches = cleanup.use(await startCouches(1));
  [adminUrl, node] = [couches.adminUrls[0]!, `${couches.prefix}node`];
  server = cleanup.use(connectCouch(adminUrl, 10_000));
  await askCouch(adminUrl, node, 'PUT');
});
afterAll(() => cleanup.disposeAsync());

const bucket = { endpoint: 'https://s3.example.org', bucket: 'files' };

it('keeps a key of one bucket, over starts, for as long as the disk of the node lives', async () => {
  const place = createLookedThrough(server, node, bucket);
  expect(await place.read()).toBeNull();
  for (const key of ['parts/a', 'parts/b']) await place.keep(key);
  expect(await createLookedThrough(server, node, bucket).read()).toBe('parts/b');
  expect(await createLookedThrough(server, node, { ...bucket, bucket: 'others' }).read()).toBeNull();
  await askCouch(adminUrl, node, 'DELETE');
  await askCouch(adminUrl, node, 'PUT');
  expect(await place.read()).toBeNull();
});
