import { readRow } from '../vault/rows.ts';
import type { TableName } from '../vault/tables.ts';
import { expect, test } from 'vitest';
import { conversationWith, memoryVault } from '../index.ts';
import { accountOf, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import { toBase64 } from '../base64.ts';

test('what is exported has everything a person wrote and read, and no secret', async () => {
  await using scene = await Scene.open();
  const vault = memoryVault();
  const [alice, bob] = [await scene.person('alice', { vault }), await scene.person('bobby')];
  const texts = Array.from({ length: 1_200 }, (_, index) => `text ${index}`);
  await bob.addContact('alice');
  for (const text of texts) await alice.sendText('bobby', text);
  await waitForTexts(bob, alice, texts);
  await bob.sendText('alice', 'an "answer"\n');
  await waitForTexts(alice, bob, [...texts, 'an "answer"\n']);
  await alice.setConversationSettings(conversationWith(await accountOf(bob)), { nickname: 'Robert' });
  await bob.setProfile({ name: 'Bob B.', picture: null });
  await waitFor('his name', async () => (await alice.conversations())[0]?.profile?.name === 'Bob B.');
  await alice.setVerified(await accountOf(bob), true);

  const blob = await alice.exportData();
  expect(blob.type).toBe('application/json');
  const json = await blob.text();
  const data = JSON.parse(json) as {
    account: unknown;
    contacts: unknown[];
    messages: { text: string; direction: string }[];
  };
  expect(data.account).toEqual(await alice.self());
  expect(data.contacts).toMatchObject([
    {
      ...{ username: 'bobby', standing: 'accepted', verification: 'verified' },
      ...{ nickname: 'Robert', profileName: 'Bob B.' },
    },
  ]);
  expect(data.messages.map(({ text }) => text)).toEqual([...texts, 'an "answer"\n']);

  const row = async <T extends TableName>(table: T) => readRow(table, await vault.get(table, 'only'));
  const [self, identity, tokens] = await Promise.all([row('self'), row('identity'), row('tokens')]);
  const records = [
    ...(await vault.list('preKeys', { limit: 1_000 })),
    ...(await vault.list('sessions', { limit: 1_000 })),
  ].map(({ value }) => toBase64((value as { record: Uint8Array }).record));
  const secrets = [
    self?.deviceSecret,
    tokens?.masterToken,
    tokens?.mailboxToken,
    identity?.identityKey,
    toBase64(identity!.keyPair),
    ...records,
  ];
  for (const secret of secrets) {
    expect(secret).toBeTruthy();
    expect(json.includes(secret!)).toBe(false);
  }
});

test('an export of nothing is JSON too', async () => {
  await using scene = await Scene.open();
  const alice = await scene.person('alice');
  expect(JSON.parse(await (await alice.exportData()).text())).toMatchObject({ contacts: [], messages: [] });
});

test('who signs out is no device any more; without a master it stops all the same', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const bob2 = await scene.device('bobby');
  await alice.sendText('bobby', 'one');
  await waitForTexts(bob2, alice, ['one']);
  await bob2.signOut();
  expect(bob2.connection().name).toBe('offline');
  await alice.sendText('bobby', 'two');
  await waitForTexts(bob, alice, ['one', 'two']);
  await waitFor('nothing left', () => scene.cluster.waiting() === 0);
  await waitForTexts(bob2, alice, ['one']);
  expect((await bob.devices()).map(({ deviceId }) => deviceId)).toEqual([1]);

  scene.cluster.masterDown = true;
  await bob.signOut();
  expect(bob.connection().name).toBe('offline');
});
