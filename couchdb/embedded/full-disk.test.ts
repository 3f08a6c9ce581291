/** A disk that fills up: nothing is answered that is not kept, reading goes on, and with room everything works again. */
import path from 'node:path';
import { mountSmallDisk, smallDiskHindrance, waitFor } from '@restante/testkit';
import { describe, expect, it } from 'vitest';
import { Couch, temporaryFolder } from '../conformance/couch.ts';
import { spawnEmbeddedCouch } from './process.ts';

const admin = { name: 'admin', password: 'p4ss-of-the-admin' };
const hindrance = await smallDiskHindrance();
const megabyte = 1024 * 1024;

describe.skipIf(hindrance !== null)(
  `a disk that fills up${hindrance === null ? '' : `: ${hindrance}`}`,
  () => {
    it.each([
      ['before a write', 0],
      ['in the middle of a write', 9 * megabyte],
    ])('%s: 507, then as before, without a restart', async (_, leaveBytes) => {
      await using resources = new AsyncDisposableStack();
      const dataDir = path.join(await temporaryFolder(resources), 'data');
      const disk = resources.use(await mountSmallDisk(dataDir, 48));
      const server = await spawnEmbeddedCouch({ dataDir, port: 0, admin });
      resources.defer(() => server.kill('SIGKILL'));
      const couch = new Couch(server.url, admin);
      await couch.expectOk('PUT', '/mail');
      await couch.put('/mail/before', { n: 1 });

      await disk.fill(leaveBytes);
      const docs = Array.from({ length: 12 }, (_, n) => ({ _id: `large-${n}`, text: 'x'.repeat(megabyte) }));
      const refused = await couch.request('POST', '/mail/_bulk_docs', { body: { docs } });
      expect(refused).toMatchObject({ status: 507, body: { error: 'insufficient_storage' } });
      expect(await couch.request('PUT', '/mail/small', { body: { n: 2 } })).toMatchObject({ status: 507 });
      expect(await couch.request('GET', '/mail/before')).toMatchObject({ status: 200, body: { n: 1 } });

      await disk.clear();
      await waitFor('the server to take writes', async () => {
        const { status } = await couch.request('PUT', '/mail/small', { body: { n: 2 } });
        return status === 201;
      });
      await couch.put('/mail/after', { n: 3 });
      await server.kill('SIGKILL');
      const again = await spawnEmbeddedCouch({ dataDir, port: 0, admin });
      resources.defer(() => again.kill('SIGKILL'));
      const kept = new Couch(again.url, admin);
      for (const [id, n] of Object.entries({ before: 1, small: 2, after: 3 })) {
        expect(await kept.request('GET', `/mail/${id}`)).toMatchObject({ status: 200, body: { n } });
      }
    });
  },
);
