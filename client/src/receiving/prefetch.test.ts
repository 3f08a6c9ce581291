import { expect, test } from 'vitest';
import { conversationWith, memoryVault, type Vault } from '../index.ts';
import { accountOf, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';

/** A vault that counts how often somebody waits for it to be read. */
const countingVault = (vault: Vault) => {
  let reads = 0;
  const counted: Vault = {
    ...vault,
    get: (table, key) => {
      reads += 1;
      return vault.get(table, key);
    },
    getMany: (table, keys) => {
      reads += 1;
      return vault.getMany(table, keys);
    },
    list: (table, range) => {
      reads += 1;
      return vault.list(table, range);
    },
  };
  return { reads: () => reads, vault: counted };
};

test('what comes in a batch is applied without waiting for the vault at each message', async () => {
  const readsFor = async (count: number): Promise<number> => {
    await using scene = await Scene.open();
    const disk = { ...memoryVault(), close: () => Promise.resolve() };
    const alice = await scene.person('alice');
    const first = await scene.person('bobby', { vault: disk });
    const bobId = await accountOf(first);
    await first[Symbol.asyncDispose]();
    const texts = Array.from({ length: count }, (_, index) => `text ${index}`);
    for (const text of texts) {
      const { id } = await alice.sendText('bobby', text);
      await alice.react(conversationWith(bobId), { author: await accountOf(alice), id }, '👍');
    }
    await waitFor('all stored', () => scene.cluster.waiting() === 2 * count);
    const { vault, reads } = countingVault(disk);
    const bob = scene.messenger({ vault });
    await bob.start();
    await waitFor('nothing left', () => scene.cluster.waiting() === 0);
    const made = reads();
    await waitForTexts(bob, alice, texts);
    return made;
  };
  const [few, many] = [await readsFor(20), await readsFor(200)];
  expect(many - few).toBeLessThan(90);
});
