import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { conversationWith, memoryVault, type Message, type Messenger, type Vault } from './index.ts';
import { sqliteVault } from './node/sqlite-vault.ts';
import { dyingVault, type Death } from './node/testing/dying-vault.ts';
import { accountOf, live, Scene } from './node/testing/scene.ts';
import { waitFor } from './node/testing/wait-for.ts';

/**
 * Laws 2 and 3 for all that people do to messages: in whatever order it comes, however often, and whenever the reader's
 * process dies, both sides see the same in the end.
 */

type Deed = { readonly what: 'text' | 'edit' | 'react' | 'unreact' | 'delete'; readonly which: number };

const deeds = fc.array(
  fc.record({
    what: fc.constantFrom<Deed['what']>('text', 'text', 'edit', 'edit', 'react', 'unreact', 'delete'),
    which: fc.nat(),
  }),
  { minLength: 8, maxLength: 16 },
);
const deaths = fc.array(
  fc.record({ at: fc.integer({ min: 1, max: 8 }), when: fc.constantFrom<Death['when']>('before', 'after') }),
  { maxLength: 2 },
);

const perform = async (alice: Messenger, bobId: string, deeds: readonly Deed[]): Promise<void> => {
  const author = await accountOf(alice);
  await alice.sendText(bobId, 'the first');
  for (const [index, { what, which }] of deeds.entries()) {
    const texts = (await alice.messages(conversationWith(bobId))).filter(({ kind }) => kind === 'text');
    const target = texts[which % texts.length];
    if (what === 'text' || target === undefined) await alice.sendText(bobId, `text ${index}`);
    else if (what === 'edit') await alice.editText(conversationWith(bobId), target.id, `edit ${index}`);
    else if (what === 'delete') await alice.deleteForEveryone(conversationWith(bobId), target.id);
    else
      await alice.react(
        conversationWith(bobId),
        { author, id: target.id },
        what === 'react' ? `${index}` : null,
      );
  }
};

const looks = ({ id, kind, text, edited, reactions }: Message) => ({ id, kind, text, edited, reactions });

const vaults: Record<string, (folder: string) => () => Vault> = {
  memory: () => {
    const vault = { ...memoryVault(), close: () => Promise.resolve() };
    return () => vault;
  },
  sqlite: (folder) => () => {
    const vault = sqliteVault(path.join(folder, 'bob.sqlite'));
    let closed: Promise<void> | null = null;
    return { ...vault, close: () => (closed ??= vault.close()) };
  },
};

test.each(Object.keys(vaults))('both sides see the same, whatever happens on the way: %s', async (kind) => {
  await fc.assert(
    fc.asyncProperty(deeds, deaths, fc.infiniteStream(fc.nat()), async (done, dying, choices) => {
      await using scene = await Scene.open();
      const folder = await mkdtemp(path.join(tmpdir(), 'disorder-'));
      const open = vaults[kind]!(folder);
      const alice = await scene.person('alice');
      const first = await scene.person('bobby', { vault: open() });
      const [aliceId, bobId] = [await accountOf(alice), await accountOf(first)];
      await first[Symbol.asyncDispose]();
      await perform(alice, bobId, done);
      await waitFor('accepted', async () =>
        (await alice.messages(conversationWith(bobId))).every(({ state }) => state !== 'queued'),
      );
      await waitFor('all stored', () => scene.cluster.waiting() === scene.cluster.sends.length);

      const boxes = scene.cluster.nodes.map(({ mailboxes }) => mailboxes.get(`${bobId}:1`)!);
      const stored = [...boxes[0]!.values()];
      for (const box of boxes) box.clear();
      const chosen = (): number => choices.next().value as number;
      const disordered = [...stored, ...stored.filter(() => chosen() % 3 === 0)]
        .map((envelope) => ({ envelope, rank: chosen() }))
        .sort((a, b) => a.rank - b.rank);

      const left = [...dying];
      const begin = async () => {
        const { vault, isDead } = dyingVault(open(), left.shift());
        const messenger = scene.messenger({ vault });
        await messenger.start().catch(() => undefined);
        if (!isDead()) await waitFor('live', () => isDead() || messenger.connection().name === 'live');
        return { messenger, isDead };
      };
      let bob = await begin();
      for (const { envelope } of disordered) {
        scene.cluster.store(bobId, 1, envelope);
        scene.cluster.push(bobId, 1, { type: 'envelope', envelope });
        for (;;) {
          await waitFor('kept or dead', () => bob.isDead() || scene.cluster.waiting() === 0);
          if (!bob.isDead()) break;
          await bob.messenger[Symbol.asyncDispose]();
          bob = await begin();
        }
      }
      await live(bob.messenger);
      const expected = await alice.messages(conversationWith(bobId));
      const shown = await bob.messenger.messages(conversationWith(aliceId));
      expect(shown.map(looks)).toEqual(expected.map(looks));
      const [conversation] = await bob.messenger.conversations();
      expect(conversation).toMatchObject({
        unread: shown.length,
        unreadable: 0,
        preview: { id: shown.at(-1)!.id, text: shown.at(-1)!.text },
      });
      await bob.messenger[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    }),
    { numRuns: 8 },
  );
});
