import { mintMessageId, type AccountId, type MessageId } from '@restante/protocol';
import { waitFor } from '@restante/testkit';
import { expect, test } from 'vitest';
import { toBase64 } from '../base64.ts';
import { conversationWith } from '../vault/conversation-id.ts';
import { authoredKey, keyOfMessage } from '../vault/keys.ts';
import { memoryVault } from '../vault/memory-vault.ts';
import { createVaultStore, type Store } from '../vault/store.ts';
import type { Message, MessageFile } from '../vault/tables.ts';
import { keptName } from './kept-files.ts';
import { memoryPartStore } from './memory-part-store.ts';
import type { PartStore } from './part-store.ts';
import { createUnusedFiles } from './unused-files.ts';

const BOB = '22222222-1111-4111-8111-111111111111' as AccountId;
const ONE = new Uint8Array([1]);

const newFile = (): MessageFile => ({
  ...{ name: 'a', type: 'text/plain', size: 1 },
  key: toBase64(crypto.getRandomValues(new Uint8Array(32))),
});
const newId = (): MessageId => mintMessageId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));

/** Keeps a file; `where` its message is, null: nowhere. */
const keep = async (
  store: Store,
  parts: PartStore,
  where: 'messages' | 'putAway' | null = 'messages',
): Promise<{ readonly name: string; readonly file: MessageFile; readonly key: string }> => {
  const file = newFile();
  const [id, name] = [newId(), await keptName(file)];
  const message: Message = {
    ...{ id, conversation: conversationWith(BOB), sentAt: 1, kind: 'text', text: '' },
    ...{ direction: 'in', state: 'seen', files: [file] },
  };
  const key = keyOfMessage(message);
  await parts.put(name, 0, ONE);
  await store.transact((transaction) => {
    transaction.put('keptFiles', name, { author: BOB, message: id });
    if (where === null) return;
    transaction.put('messageKeys', authoredKey(BOB, id), key);
    transaction.put(where, key, message);
  });
  return { name, file, key };
};
const emptyDevice = () => ({
  ...{ store: createVaultStore(memoryVault()), parts: memoryPartStore(), keeping: new Set<string>() },
  onFault: (error: unknown) => expect.unreachable(String(error)),
});
const keptNames = async ({ store, parts }: { store: Store; parts: PartStore }) => [
  (await parts.names('', 99_999)).toSorted(),
  (await store.list('keptFiles', { limit: 99_999 })).map(({ key }) => key),
];

test('what is gone with its message is dropped, and nothing that a message here has, be it put away', async () => {
  const device = emptyDevice();
  const { store, parts } = device;
  const files = [
    await keep(store, parts),
    await keep(store, parts),
    await keep(store, parts, 'putAway'),
    await keep(store, parts, null),
  ];
  await store.transact((transaction) => transaction.delete('messages', files[0]!.key));
  createUnusedFiles(device).onGone(files.map(({ file }) => file));
  const staying = [files[1]!.name, files[2]!.name].sort();
  await waitFor('two to be dropped', async () => (await parts.files()).size === 2);
  await waitFor('no more to be known of them', async () => (await keptNames(device))[1]!.length === 2);
  expect(await keptNames(device)).toEqual([staying, staying]);
});

test('what is being kept has no message yet, and stays', async () => {
  const device = emptyDevice();
  const { name, file } = await keep(device.store, device.parts, null);
  const other = await keep(device.store, device.parts, null);
  device.keeping.add(name);
  createUnusedFiles(device).onGone([file, other.file]);
  await waitFor('the other one to be dropped', async () => (await device.parts.files()).size === 1);
  expect((await keptNames(device))[0]).toEqual([name]);
});

test('what a run has left is found by some of the next ones, however much there is, with a few reads for each start', async () => {
  const device = emptyDevice();
  const { store, parts } = device;
  for (let count = 0; count < 600; count += 1) await keep(store, parts);
  const left = [await keep(store, parts, null), await keep(store, parts, null)];
  // One that never came so far as to be known, and one that the browser has taken away.
  await parts.put('0'.repeat(32), 0, ONE);
  await parts.drop(left[1]!.name);
  let reads = 0;
  const counted: Store = {
    ...store,
    getMany: (table, keys) => {
      reads += keys.length;
      return store.getMany(table, keys);
    },
  };
  const { lookAtSome } = createUnusedFiles({ ...device, store: counted });
  lookAtSome();
  await waitFor('a first look', () => reads > 0);
  expect(reads).toBeLessThanOrEqual(4 * 400);
  await waitFor('the rest to be found', async () => {
    lookAtSome();
    const [names, rows] = await keptNames(device);
    return names!.length === 600 && rows!.length === 600;
  });
});
