import { connectCouch, createLog } from '@restante/service-kit';
import { mailboxNodeConfigs, newTestKeys, startCouches } from '@restante/testkit';
import { expect, it } from 'vitest';
import { createDatabases } from '../mesh/databases.ts';
import { createDatabaseKeeper } from './database-keeper.ts';

it('tells of what it has created, and of nothing that was there though it did not seem so', async () => {
  await using couches = await startCouches(1);
  const [config] = await mailboxNodeConfigs(couches, newTestKeys());
  await using admin = connectCouch(config!.couch.adminUrl, 10_000);
  const databases = createDatabases(config!.couch.databasePrefix, 10, 30 * 24 * 60 * 60 * 1000);
  const buckets = databases.liveAt(Date.now());
  const tried: string[] = [];
  const created: string[] = [];
  const keeper = createDatabaseKeeper({
    log: createLog('test', 'silent'),
    admin,
    owner: 'data',
    databases,
    wanted: () => buckets,
    isAhead: () => false,
    beforeCreate: (database) => Promise.resolve(void tried.push(database)),
    onCreated: (database) => Promise.resolve(void created.push(database)),
    onBornEmpty: () => Promise.resolve(),
  });
  await keeper.keep(buckets);
  expect(created).toEqual([databases.directory, ...buckets]);
  created.length = 0;
  tried.length = 0;
  // As after a 404 that was not true.
  await keeper.createBucket(buckets[0]!);
  expect([tried, created]).toEqual([[buckets[0]], []]);
  await admin.db.destroy(buckets[1]!);
  await keeper.createBucket(buckets[1]!);
  expect(created).toEqual([buckets[1]]);
});
