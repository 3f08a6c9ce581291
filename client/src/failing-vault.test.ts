import { expect, test } from 'vitest';
import { conversationWith, memoryVault, type Messenger } from './index.ts';
import { failingVault } from './node/testing/failing-vault.ts';
import { accountOf, live, Scene, textsWith } from './node/testing/scene.ts';
import { waitFor } from './node/testing/wait-for.ts';

/**
 * A vault that fails for a while costs nothing but time (law 3): whichever reading or writing of it fails, what was on its
 * way is kept once, and nothing is told to anybody before.
 */

const FAILURES = 3;

const friends = async (scene: Scene) => {
  const disk = memoryVault();
  const failing = failingVault(disk);
  const alice = await scene.person('alice');
  const bob = await scene.person('bobby', { vault: failing.vault });
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  await alice.sendText('bobby', 'hello');
  await waitFor('hello', async () => (await textsWith(bob, alice)).includes('hello'));
  await bob.setStanding(aliceId, 'accepted');
  await waitFor('nothing left', () => scene.cluster.waiting() === 0);
  // What the test itself reads does not fail.
  const kept = scene.messenger({ vault: disk });
  return { alice, bob, kept, aliceId, bobId, failing };
};
type Friends = Awaited<ReturnType<typeof friends>>;

/** Runs `act` with the vault failing at its first operation, at its second, and so on until it has no more. Answers how many. */
const failingAtEach = async (
  { failing }: Friends,
  act: (text: string) => Promise<void>,
): Promise<readonly string[]> => {
  const texts: string[] = [];
  for (;;) {
    const at = texts.length + 1;
    const text = `text ${at}`;
    failing.failFrom(at, FAILURES);
    await act(text);
    texts.push(text);
    if (!failing.hasFailed()) return texts;
    failing.mend();
  }
};

/** Shown once and in order, receipts given, nothing left anywhere. */
const arrives = async (scene: Scene, { alice, kept, bobId }: Friends, text: string): Promise<void> => {
  await waitFor(`${text} to be delivered`, async () =>
    (await alice.messages(conversationWith(bobId), { limit: 1 })).every(
      (last) => last.text === text && last.state === 'delivered',
    ),
  );
  await waitFor('nothing left', () => scene.cluster.waiting() === 0);
  expect((await textsWith(kept, alice)).filter((each) => each === text)).toEqual([text]);
};

const lost = (bob: Messenger, scene: Scene, key: string): void => {
  scene.cluster.blocked.add(key);
  scene.cluster.sockets.get(key)?.close(1001);
  scene.cluster.sockets.delete(key);
  expect(bob.connection().name).not.toBe('closed');
};

test('what comes live', async () => {
  await using scene = await Scene.open();
  const both = await friends(scene);
  const texts = await failingAtEach(both, async (text) => {
    await both.alice.sendText(both.bobId, text);
    await arrives(scene, both, text);
  });
  expect(texts.length).toBeGreaterThan(5);
  expect(await textsWith(both.kept, both.alice)).toEqual(['hello', ...texts]);
});

test('what a catch-up brings', async () => {
  await using scene = await Scene.open();
  const both = await friends(scene);
  const texts = await failingAtEach(both, async (text) => {
    both.bob.stop();
    await both.alice.sendText(both.bobId, text);
    await waitFor('accepted', async () => {
      const [last] = await both.alice.messages(conversationWith(both.bobId), { limit: 1 });
      return last?.state === 'accepted' && last.text === text;
    });
    await both.bob.start();
    await live(both.bob);
    await arrives(scene, both, text);
  });
  expect(texts.length).toBeGreaterThan(10);
  expect(await textsWith(both.kept, both.alice)).toEqual(['hello', ...texts]);
});

test('what comes from the mailbox nodes while no master answers', async () => {
  await using scene = await Scene.open();
  const both = await friends(scene);
  const key = `${both.bobId}:1`;
  const texts = await failingAtEach(both, async (text) => {
    lost(both.bob, scene, key);
    await waitFor('listening', () =>
      scene.cluster.nodes.every(({ listeners }) => (listeners.get(key)?.size ?? 0) > 0),
    );
    await both.alice.sendText(both.bobId, text);
    await waitFor(text, async () => (await textsWith(both.kept, both.alice)).includes(text));
    await waitFor('deleted directly', () => scene.cluster.waiting() === 0);
    scene.cluster.blocked.clear();
    await live(both.bob);
    await arrives(scene, both, text);
  });
  expect(texts.length).toBeGreaterThan(10);
  expect(await textsWith(both.kept, both.alice)).toEqual(['hello', ...texts]);
});

test('what is sent', async () => {
  await using scene = await Scene.open();
  const both = await friends(scene);
  const { alice, bob, kept, aliceId, failing } = both;
  const refused: string[] = [];
  const texts = await failingAtEach(both, async (text) => {
    // The person is told at once, and tries again.
    const send = (): Promise<unknown> =>
      bob.sendText(aliceId, text).catch((error: unknown) => {
        refused.push((error as Error).message);
        return send();
      });
    await send();
    await waitFor(`${text} to be delivered`, async () =>
      (await kept.messages(conversationWith(aliceId), { limit: 1 })).some(
        (last) => last.text === text && last.state === 'delivered',
      ),
    );
  });
  failing.mend();
  expect(new Set(refused)).toEqual(new Set(['the vault could not be read or written']));
  expect(await textsWith(alice, bob)).toEqual(['hello', ...texts]);
  await waitFor('nothing left', () => scene.cluster.waiting() === 0);
});

test('is told while it lasts, and nothing is released before it is kept', async () => {
  await using scene = await Scene.open();
  const both = await friends(scene);
  const { alice, bob, bobId, failing } = both;
  const told: string[] = [];
  bob.on('storage', (state) => told.push(state));
  const acknowledged = scene.cluster.acknowledges.length;
  failing.failFrom(1, Infinity, 'QuotaExceededError');
  await alice.sendText(bobId, 'into a full disk');
  await waitFor('the person to be told', () => told.length > 0);
  bob.refresh();
  scene.cluster.dropSockets();
  await waitFor('a new connection', () => scene.cluster.sockets.has(`${bobId}:1`));
  expect(scene.cluster.waiting()).toBe(1);
  expect(scene.cluster.acknowledges).toHaveLength(acknowledged);
  expect(told).toEqual(['full']);
  failing.mend();
  await arrives(scene, both, 'into a full disk');
  await waitFor('the all-clear', () => told.at(-1) === 'working');
  await live(bob);
});

test('a messenger that is closed while its vault fails ends', async () => {
  await using scene = await Scene.open();
  const { alice, bob, bobId, failing } = await friends(scene);
  const told: string[] = [];
  bob.on('storage', (state) => told.push(state));
  failing.failFrom(1, Infinity);
  await alice.sendText(bobId, 'never read here');
  await waitFor('the person to be told', () => told.length > 0 && scene.cluster.waiting() === 1);
  await bob[Symbol.asyncDispose]();
  expect(told).toEqual(['failing']);
  expect(scene.cluster.waiting()).toBe(1);
});
