import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomKeys, randomName } from '../testing/test-device.model.ts';
import { startTestDirectories, type TestDirectories } from '../testing/test-directory.model.ts';
import { createCouchDirectory } from './couch-directory.ts';
import { directoryContract, NUMBER_REST_MS } from './directory.contract.ts';

directoryContract(async (clock) => {
  const directories = await startTestDirectories(1);
  const servers = directories.connect(...directories.urls);
  const now = () => clock.nowMs;
  const options = { now, clock: { surely: now, latest: now }, numberRestMs: NUMBER_REST_MS };
  return {
    ...createCouchDirectory(servers, options),
    [Symbol.asyncDispose]: () => directories[Symbol.asyncDispose](),
  };
});

type Rows = { rows: { id: string; doc: Record<string, unknown> }[] };

describe('the directory in CouchDB', () => {
  let directories: TestDirectories;
  beforeAll(async () => {
    directories = await startTestDirectories(1);
  });
  afterAll(() => directories[Symbol.asyncDispose]());

  it('leaves nothing of an account that lost its username, and nothing secret of one that has ended', async () => {
    const directory = createCouchDirectory(directories.connect(...directories.urls), {
      now: Date.now,
      clock: { surely: Date.now, latest: Date.now },
      numberRestMs: NUMBER_REST_MS,
    });
    const username = randomName();
    const device = () => ({ name: 'test', keys: randomKeys(2), secretHash: 'a-secret-hash' });
    const { accountId } = await directory.createAccount(username, 'a-password-hash', device());
    await expect(directory.createAccount(username, 'a-password-hash', device())).rejects.toMatchObject({
      code: 'username-taken',
    });
    await directory.deleteAccount(accountId);
    const { rows } = (await directories.request(
      directories.urls[0]!,
      'GET',
      `${directories.database}/_all_docs?include_docs=true`,
    )) as Rows;
    expect(rows.map(({ id }) => id.split(':')[0]).sort()).toEqual(['account', 'account', 'device', 'device']);
    for (const { doc } of rows)
      expect(Object.keys(doc).sort()).toEqual(['_id', '_rev', 'removedAt', 'updatedAt']);
  });

  it('frees no number by a clock that is not confirmed, nor by one that was behind at the removal (law 15)', async () => {
    const times = { now: Date.now(), surely: -Infinity, latest: 0 };
    const directory = createCouchDirectory(directories.connect(...directories.urls), {
      now: () => times.now,
      clock: { surely: () => times.surely, latest: () => times.latest },
      numberRestMs: NUMBER_REST_MS,
    });
    const device = () => ({ name: 'test', keys: randomKeys(0), secretHash: randomUUID() });
    const { accountId, deviceId } = await directory.createAccount(randomName(), 'hash', device());
    const removedAt = times.now + 10 * NUMBER_REST_MS;
    times.latest = removedAt;
    await directory.removeDevice({ accountId, deviceId });

    times.now = removedAt + 100 * NUMBER_REST_MS;
    expect(await directory.addDevice(accountId, device())).toBe(2);
    times.surely = removedAt + NUMBER_REST_MS - 1;
    expect(await directory.addDevice(accountId, device())).toBe(3);
    times.surely += 1;
    expect(await directory.addDevice(accountId, device())).toBe(1);
  });
});
