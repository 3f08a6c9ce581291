import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inviteCode } from '@restante/protocol';
import { randomKeys, randomName } from '../testing/test-device.model.ts';
import { startTestDirectories, type TestDirectories } from '../testing/test-directory.model.ts';
import { createCouchDirectory } from './couch-directory.ts';
import { insertAll } from './couch-documents.ts';
import { createInvites, type Invites } from './couch-invites.ts';
import type { CouchServers } from './couch-servers.ts';
import { createUpdates } from './couch-updates.ts';
import { accountDocumentId, inviteHash } from './directory-documents.ts';

const HOUR_MS = 3_600_000;
const REFUSED = { code: 'invite-invalid' };

describe('invite codes', () => {
  let directories: TestDirectories;
  beforeAll(async () => {
    directories = await startTestDirectories(3);
  });
  afterAll(() => directories[Symbol.asyncDispose]());

  const invitesOf = (servers: CouchServers, now = Date.now): Invites =>
    createInvites(servers, directories.reader, createUpdates(servers, directories.reader, now), now);
  const makeAccount = async ({ accountId, username }: ReturnType<typeof anybody>): Promise<void> => {
    const account = { username, passwordHash: 'hash', createdAt: 1, updatedAt: 1 };
    await directories
      .connect(...directories.urls)
      .run((database) => insertAll(database, [{ _id: accountDocumentId(accountId), ...account }]));
  };
  const anybody = () => ({ accountId: randomUUID(), username: randomName() });
  const inAnHour = (): number => Date.now() + HOUR_MS;

  it('are used once, and listed by what is left of them', async () => {
    const invites = invitesOf(directories.connect(...directories.urls));
    const code = await invites.make('for Anna', inAnHour());
    expect(inviteCode.safeParse(code).success).toBe(true);
    const anna = anybody();
    const listed = async () => (await invites.list()).find(({ hash }) => hash === inviteHash(code));
    expect(await listed()).toMatchObject({ note: 'for Anna', state: 'open', username: null });
    await invites.claim(code, anna);
    await makeAccount(anna);
    await expect(invites.claim(code, anybody())).rejects.toMatchObject(REFUSED);
    await expect(invites.check(code, anna.username)).rejects.toMatchObject(REFUSED);
    expect(await listed()).toMatchObject({ state: 'used', username: anna.username });
    const held = await directories.request(
      directories.urls[0]!,
      'GET',
      `${directories.database}/_all_docs?include_docs=true`,
    );
    expect(JSON.stringify(held)).toContain(inviteHash(code));
    expect(JSON.stringify(held)).not.toContain(code);
  });

  it('end by themselves, and when they are revoked', async () => {
    let nowMs = Date.now();
    const invites = invitesOf(directories.connect(...directories.urls), () => nowMs);
    const [late, revoked] = [
      await invites.make('', nowMs + HOUR_MS),
      await invites.make('', nowMs + HOUR_MS),
    ];
    expect(await invites.revoke(inviteHash(revoked))).toBe(true);
    expect(await invites.revoke(inviteHash(revoked))).toBe(false);
    await expect(invites.claim(revoked, anybody())).rejects.toMatchObject(REFUSED);
    await invites.check(late, 'anna');
    nowMs += HOUR_MS;
    await expect(invites.claim(late, anybody())).rejects.toMatchObject(REFUSED);
    await expect(invites.claim('0'.repeat(26), anybody())).rejects.toMatchObject(REFUSED);
    const states = new Map((await invites.list()).map(({ hash, state }) => [hash, state]));
    expect(states.get(inviteHash(late))).toBe('expired');
    expect(states.get(inviteHash(revoked))).toBe('revoked');
  });

  it('go to one of many who use the same one at the same time at several masters', async () => {
    const masters = [0, 1].map(() => invitesOf(directories.connect(...directories.urls)));
    const code = await masters[0]!.make('', inAnHour());
    const claims = Array.from({ length: 8 }, (_, index) => masters[index % 2]!.claim(code, anybody()));
    const results = await Promise.allSettled(claims);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject(REFUSED);
  });

  it('never go to two, when masters use them up at different CouchDBs', async () => {
    const [first = '', second = '', third = ''] = directories.urls;
    for (let round = 0; round < 5; round += 1) {
      const left = invitesOf(directories.connect(first, second, third));
      const right = invitesOf(directories.connect(third, second, first));
      const code = await left.make('', inAnHour());
      for (const target of [second, third]) await directories.replicate(first, target);
      const results = await Promise.allSettled([left.claim(code, anybody()), right.claim(code, anybody())]);
      expect(results.filter(({ status }) => status === 'fulfilled').length).toBeLessThan(2);
    }
  });

  it('are good again for the name whose registration broke off, and for no other', async () => {
    const invites = invitesOf(directories.connect(...directories.urls));
    const code = await invites.make('', inAnHour());
    const { username } = anybody();
    await invites.claim(code, { accountId: randomUUID(), username });
    await expect(invites.check(code, randomName())).rejects.toMatchObject(REFUSED);
    await invites.check(code, username);
    const again = { accountId: randomUUID(), username };
    await invites.claim(code, again);
    await makeAccount(again);
    await expect(invites.claim(code, { accountId: randomUUID(), username })).rejects.toMatchObject(REFUSED);
  });

  it('are good again when their account was surely not made', async () => {
    const servers = directories.connect(...directories.urls);
    const invites = invitesOf(servers);
    const code = await invites.make('', inAnHour());
    const { release } = await invites.claim(code, anybody());
    await release();
    await invites.check(code, 'somebody-else');
    const directory = createCouchDirectory(servers, {
      now: Date.now,
      clock: { surely: Date.now, latest: Date.now },
      numberRestMs: HOUR_MS,
      reader: directories.reader,
    });
    const device = () => ({ name: 'test', keys: randomKeys(2), secretHash: randomUUID() });
    const username = randomName();
    const made = await directory.createAccount(username, 'hash', device(), code);
    expect(await directory.findUsername(username)).toBe(made.accountId);
    await expect(directory.createAccount(randomName(), 'hash', device(), code)).rejects.toMatchObject(
      REFUSED,
    );
    await directory.deleteAccount(made.accountId);
    await expect(directory.createAccount(username, 'hash', device(), code)).rejects.toMatchObject(REFUSED);
  });
});
