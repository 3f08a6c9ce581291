import { messageTime, mintMessageId } from '@restante/protocol';
import { newTestAccountKey } from '@restante/testkit';
import { describe, expect, test } from 'vitest';
import { encodeContent } from '../content/codec.ts';
import { memoryVault, type Vault } from '../index.ts';
import { accountOf, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';

/** Accounts with the keys of one: enough to be written to. */
const addAccounts = ({ cluster }: Scene, count: number): readonly string[] => {
  const [like] = cluster.devices;
  if (like === undefined) throw new Error('somebody has keys');
  return Array.from({ length: count }, (_, index) => {
    const username = `friend${index}`;
    const accountId = crypto.randomUUID();
    cluster.devices.push({ ...like, username, accountId });
    const { registrationId, identityKey } = like.keys;
    const devices = [{ deviceId: like.deviceId, registrationId, identityKey }];
    cluster.publish(newTestAccountKey().sign({ accountId, generation: 1, devices }));
    return username;
  });
};

/** Counts the rows of the outbox that are read. */
const counting = (vault: Vault): { readonly vault: Vault; readonly rows: () => number } => {
  let rows = 0;
  return {
    rows: () => rows,
    vault: {
      ...vault,
      list: async (table, range) => {
        const page = await vault.list(table, range);
        if (table === 'outbox') rows += page.length;
        return page;
      },
      getMany: async (table, keys) => {
        if (table === 'outbox') rows += keys.length;
        return vault.getMany(table, keys);
      },
    },
  };
};

const NEW_RECIPIENTS = 16;

describe('keys of new recipients', () => {
  test('are asked for once each, and the outbox is read in proportion', async () => {
    await using scene = await Scene.open();
    await scene.person('bobby');
    const friends = addAccounts(scene, NEW_RECIPIENTS);
    const { vault, rows } = counting(memoryVault());
    const alice = await scene.person('alice', { vault });
    const [fetched, read] = [scene.cluster.keyFetches, rows()];
    await Promise.all(friends.map((username) => alice.sendText(username, 'hello')));
    await waitFor('all to be sent', () => scene.cluster.sends.length === NEW_RECIPIENTS);
    expect(scene.cluster.keyFetches - fetched).toBe(NEW_RECIPIENTS);
    expect(rows() - read).toBeLessThan(8 * NEW_RECIPIENTS);
  });

  test('are asked for once for many texts, which go out in their order', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const texts = Array.from({ length: 40 }, (_, index) => `text ${index}`);
    const fetched = scene.cluster.keyFetches;
    for (const text of texts) await alice.sendText('bobby', text);
    await waitForTexts(bob, alice, texts);
    expect(scene.cluster.keyFetches - fetched).toBe(1);
  });
});

describe('a recipient who has ended', () => {
  test('ends alone: the others of the same message get it', async () => {
    await using scene = await Scene.open();
    const bob = await scene.person('bobby');
    const vault = memoryVault();
    const alice = scene.messenger({ vault });
    await alice.register({ username: 'alice', password: 'correct horse', deviceName: 'first' });
    const gone = crypto.randomUUID();
    scene.cluster.removedAccounts.add(gone);
    const id = mintMessageId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
    const plaintext = encodeContent({ v: 1, kind: 'text', id, from: 'alice', text: 'to both' });
    const recipients = [gone, await accountOf(bob)].map((accountId) => ({
      ...{ accountId, plaintext, envelopes: [] },
    }));
    const entry = { recipients, ownCopy: null, renew: [], messageKey: null };
    await vault.commit([{ table: 'outbox', key: id, value: entry }]);
    await alice.start();
    await waitForTexts(bob, alice, ['to both']);
    expect(scene.cluster.sends.map((send) => send.recipients.length)).toEqual([1]);
  });
});

test('what is behind something that is behind something else goes as well', async () => {
  await using scene = await Scene.open();
  const bob = await scene.person('bobby');
  const carol = await scene.person('carol');
  const vault = memoryVault();
  const alice = scene.messenger({ vault });
  await alice.register({ username: 'alice', password: 'correct horse', deviceName: 'first' });
  const [self, bobId, carolId] = [await accountOf(alice), await accountOf(bob), await accountOf(carol)];
  const queued = async (text: string, accounts: readonly string[]) => {
    const id = mintMessageId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
    const plaintext = encodeContent({ v: 1, kind: 'text', id, from: 'alice', text });
    const recipients = accounts.map((accountId) => ({ accountId, plaintext, envelopes: [] }));
    const value = { recipients, ownCopy: null, renew: [], messageKey: null };
    await vault.commit([{ table: 'outbox', key: id, value }]);
    await waitFor('another time', () => Date.now() > messageTime(id));
  };
  await queued('needs own devices', [carolId, self]);
  await queued('is behind it', [bobId, self]);
  await queued('is behind that', [bobId]);
  await alice.start();
  await waitForTexts(carol, alice, ['needs own devices']);
  await waitForTexts(bob, alice, ['is behind it', 'is behind that']);
});
