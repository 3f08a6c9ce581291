import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryVault } from './index.ts';
import { dyingVault } from './node/testing/dying-vault.ts';
import { accountOf, Scene, textsWith, waitForTexts } from './node/testing/scene.ts';
import { waitFor } from './node/testing/wait-for.ts';

/**
 * Laws 2, 3 and 4 on the client's side: a process may die before or after any commit. Whatever it had promised is kept,
 * whatever it had shown is shown once, and what the nodes have forgotten it has.
 */

const anyDeath = fc.record({
  at: fc.integer({ min: 1, max: 12 }),
  when: fc.constantFrom('before' as const, 'after' as const),
});

test('a reader that dies at any commit shows every message once, and leaves nothing behind', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyDeath, { minLength: 1, maxLength: 3 }), async (deaths) => {
      await using scene = await Scene.open();
      const disk = memoryVault();
      const alice = await scene.person('alice');
      const first = await scene.person('bobby', { vault: { ...disk, close: () => Promise.resolve() } });
      await first[Symbol.asyncDispose]();
      const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`);
      for (const text of texts) await alice.sendText('bobby', text);
      await waitFor('all stored', () => scene.cluster.waiting() === texts.length);

      for (const death of deaths) {
        const { vault, isDead } = dyingVault({ ...disk, close: () => Promise.resolve() }, death);
        const bob = scene.messenger({ vault });
        await bob.start().catch(() => undefined);
        await waitFor('death or end', () => isDead() || scene.cluster.waiting() === 0);
        await bob[Symbol.asyncDispose]();
      }
      const bob = scene.messenger({ vault: disk });
      await bob.start();
      await waitForTexts(bob, alice, texts);
      await waitFor('nothing left', () => scene.cluster.waiting() === 0);
      expect(await disk.list('setAside', { limit: 10 })).toEqual([]);
    }),
    { numRuns: 5 },
  );
});

test('a writer that dies at any commit: what it queued arrives once, what it did not queue at most once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyDeath, { minLength: 1, maxLength: 3 }), async (deaths) => {
      await using scene = await Scene.open();
      const disk = memoryVault();
      const bob = await scene.person('bobby');
      const bobId = await accountOf(bob);
      const first = await scene.person('alice', { vault: { ...disk, close: () => Promise.resolve() } });
      await first[Symbol.asyncDispose]();
      const queued: string[] = [];
      const tried: string[] = [];

      for (const [round, death] of deaths.entries()) {
        const { vault, isDead } = dyingVault({ ...disk, close: () => Promise.resolve() }, death);
        const alice = scene.messenger({ vault });
        await alice.start().catch(() => undefined);
        for (let count = 0; count < 30 && !isDead(); count += 1) {
          const text = `round ${round} text ${count}`;
          tried.push(text);
          await alice.sendText(bobId, text).then(
            () => queued.push(text),
            () => undefined,
          );
        }
        await alice[Symbol.asyncDispose]();
      }
      const alice = scene.messenger({ vault: disk });
      await alice.start();
      await alice.sendText(bobId, 'the end');
      await waitFor('the end', async () => (await textsWith(bob, alice)).includes('the end'));
      const shown = await textsWith(bob, alice);
      expect(new Set(shown).size).toBe(shown.length);
      expect(shown.filter((text) => queued.includes(text))).toEqual(queued);
      expect(shown.filter((text) => text !== 'the end' && !tried.includes(text))).toEqual([]);
      await waitFor('nothing left', () => scene.cluster.waiting() === 0);
    }),
    { numRuns: 5 },
  );
});
