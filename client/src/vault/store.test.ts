import { NO_SETTINGS } from '../content/conversation-settings.ts';
import { expect, test } from 'vitest';
import { conversationWith } from './conversation-id.ts';
import { memoryVault } from './memory-vault.ts';
import { createVaultStore } from './store.ts';
import type { Conversation } from './tables.ts';
import type { Vault } from './vault.ts';

const counting = (vault: Vault): { vault: Vault; commits: () => number } => {
  let commits = 0;
  return {
    vault: {
      ...vault,
      commit: (changes) => {
        commits += 1;
        return vault.commit(changes);
      },
    },
    commits: () => commits,
  };
};

test('transactions see each other one after the other, and share a commit', async () => {
  const { vault, commits } = counting(memoryVault());
  const store = createVaultStore(vault);
  await Promise.all(
    Array.from({ length: 50 }, () =>
      store.transact(async (transaction) => {
        const before = (await transaction.get('expired', 'only')) ?? 0;
        await Promise.resolve();
        transaction.put('expired', 'only', before + 1);
      }),
    ),
  );
  expect(await store.get('expired', 'only')).toBe(50);
  expect(commits()).toBeLessThanOrEqual(2);
});

test('one that throws leaves nothing and harms no other of its group', async () => {
  const store = createVaultStore(memoryVault());
  const actions: string[] = [];
  const results = await Promise.allSettled([
    store.transact((transaction) => {
      transaction.put('renewals', 'a', 1);
      transaction.afterCommit(() => actions.push('a'));
    }),
    store.transact((transaction) => {
      transaction.put('renewals', 'a', 2);
      transaction.put('renewals', 'b', 2);
      transaction.afterCommit(() => actions.push('b'));
      throw new Error('refused');
    }),
    store.transact(async (transaction) => {
      transaction.put('renewals', 'c', (await transaction.get('renewals', 'a')) ?? 0);
    }),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  const rows = await store.list('renewals', { limit: 10 });
  expect(rows).toEqual([
    { key: 'a', value: 1 },
    { key: 'c', value: 1 },
  ]);
  expect(actions).toEqual(['a']);
});

test('nothing is told before it is durable, nor when it could not be made so', async () => {
  const vault = memoryVault();
  let durable = false;
  const told: boolean[] = [];
  const slow = createVaultStore({
    ...vault,
    commit: async (changes) => {
      await vault.commit(changes);
      durable = true;
    },
  });
  await slow.transact((transaction) => {
    transaction.put('expired', 'only', 1);
    transaction.afterCommit(() => told.push(durable));
  });
  expect(told).toEqual([true]);

  const broken = createVaultStore({ ...vault, commit: () => Promise.reject(new Error('disk full')) });
  const lost = broken.transact((transaction) => {
    transaction.put('expired', 'only', 2);
    transaction.afterCommit(() => told.push(true));
  });
  await expect(lost).rejects.toMatchObject({ code: 'storage-failed', cause: new Error('disk full') });
  expect(told).toEqual([true]);
});

test('a list by prefix shows what is staged', async () => {
  const store = createVaultStore(memoryVault());
  await store.transact((transaction) => {
    for (const key of ['a:1', 'a:2', 'b:1']) transaction.put('renewals', key, 1);
  });
  const rows = await store.transact((transaction) => {
    transaction.delete('renewals', 'a:1');
    transaction.put('renewals', 'a:3', 3);
    return transaction.listPrefix('renewals', 'a:', 10);
  });
  expect(rows.map(({ key }) => key)).toEqual(['a:2', 'a:3']);
});

test('a page from the end shows what is staged, and is full', async () => {
  const store = createVaultStore(memoryVault());
  await store.transact((transaction) => {
    for (const key of ['a:1', 'a:2', 'a:3', 'a:4', 'b:1']) transaction.put('renewals', key, 1);
  });
  const rows = await store.transact((transaction) => {
    transaction.delete('renewals', 'a:4');
    transaction.put('renewals', 'a:0', 0);
    return transaction.list('renewals', { prefix: 'a:', limit: 3, reverse: true });
  });
  expect(rows.map(({ key }) => key)).toEqual(['a:3', 'a:2', 'a:1']);
});

test('a transaction reads a row once, and knows its own changes', async () => {
  const vault = memoryVault();
  let reads = 0;
  const store = createVaultStore({
    ...vault,
    getMany: (table, keys) => {
      reads += keys.length;
      return vault.getMany(table, keys);
    },
    get: (table, key) => {
      reads += 1;
      return vault.get(table, key);
    },
  });
  await store.transact((transaction) => transaction.put('renewals', 'a', 1));
  const values = await store.transact(async (transaction) => {
    const first = await transaction.getMany('renewals', ['a', 'b']);
    transaction.put('renewals', 'b', 2);
    transaction.delete('renewals', 'a');
    const single = [await transaction.get('renewals', 'a'), await transaction.get('renewals', 'b')];
    return [first, single, await transaction.getMany('renewals', ['b', 'a'])];
  });
  expect(values).toEqual([
    [1, undefined],
    [undefined, 2],
    [2, undefined],
  ]);
  expect(reads).toBe(2);
});

test('closing waits for what has begun and refuses what comes after', async () => {
  const store = createVaultStore(memoryVault());
  const begun = store.transact((transaction) => transaction.put('expired', 'only', 1));
  await store.close();
  await begun;
  await expect(store.transact(() => undefined)).rejects.toThrow('closed');
});

/** A row that no version has written. */
const unfit = { table: 'conversations', key: 'b', value: { note: 'by hand' } } as never;

test('a row that does not fit harms itself alone, is told once, and is kept aside when it is written over', async () => {
  const vault = memoryVault();
  const b = conversationWith('b');
  const fits = (accountId: string): Conversation => ({
    ...{
      id: conversationWith(accountId),
      username: null,
      standing: 'accepted',
      unread: 0,
      lastMessageAt: 0,
      preview: null,
    },
    ...{ unreadable: 0, draft: '', verification: 'none', settings: NO_SETTINGS },
  });
  await vault.commit([
    { table: 'conversations', key: 'a', value: fits('a') },
    unfit,
    { table: 'conversations', key: 'c', value: fits('c') },
  ]);
  const faults: string[] = [];
  const store = createVaultStore(vault, ({ code }) => faults.push(code));
  const page = await store.list('conversations', { limit: 2 });
  expect(page.map(({ key }) => key)).toEqual(['a', 'c']);
  expect(await store.get('conversations', b)).toBeUndefined();
  expect(await vault.get('conversations', 'b')).toEqual({ note: 'by hand' });
  await store.transact(async (transaction) => {
    const row = await transaction.get('conversations', b);
    transaction.put('conversations', b, row ?? fits('b'));
  });
  expect(await store.get('conversations', b)).toEqual(fits('b'));
  expect(await store.get('unfitRows', 'conversations b')).toEqual(unfit);
  expect(faults).toEqual(['unfit-row']);
});

test('who a vault belongs to is not taken for nobody when it cannot be read', async () => {
  const vault = memoryVault();
  await vault.commit([{ table: 'self', key: 'only', value: { username: 'anna' } as never }]);
  await expect(createVaultStore(vault).get('self', 'only')).rejects.toMatchObject({ code: 'storage-failed' });
});
