import { describe, expect, test } from 'vitest';
import { accountOf, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';

/** Two people who have written to each other; the second one's account ends, and its name is free. */
const meetAndEnd = async (scene: Scene) => {
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  await alice.sendText('bobby', 'one');
  await waitForTexts(bob, alice, ['one']);
  const bobId = await accountOf(bob);
  await bob[Symbol.asyncDispose]();
  scene.cluster.endAccount(bobId);
  return { alice, bobId };
};
const formers = async (messenger: Awaited<ReturnType<Scene['person']>>) =>
  new Map((await messenger.conversations()).map(({ id, former }) => [id as string, former ?? null]));

describe('an account that was made anew under its name', () => {
  test('is found by adding it, and the dead conversation says so', async () => {
    await using scene = await Scene.open();
    const { alice, bobId } = await meetAndEnd(scene);
    const next = await scene.person('bobby');
    const nextId = await accountOf(next);
    expect((await alice.addContact('bobby')).id).toBe(nextId);
    expect(await formers(alice)).toEqual(
      new Map([
        [bobId, 'gone'],
        [nextId, null],
      ]),
    );
    await alice.sendText('bobby', 'two');
    await waitForTexts(next, alice, ['two']);
  });

  test('is written to by name once a text to the old one has failed', async () => {
    await using scene = await Scene.open();
    const { alice, bobId } = await meetAndEnd(scene);
    await alice.sendText(bobId, 'to nobody');
    await waitFor(
      'the dead conversation to say so',
      async () => (await formers(alice)).get(bobId) === 'gone',
    );
    const next = await scene.person('bobby');
    await alice.sendText('bobby', 'two');
    await waitForTexts(next, alice, ['two']);
  });

  test('is told apart from the one before when it writes first', async () => {
    await using scene = await Scene.open();
    const { alice, bobId } = await meetAndEnd(scene);
    const next = await scene.person('bobby');
    await next.sendText('alice', 'hello');
    const nextId = await accountOf(next);
    await waitFor('both', async () => {
      const known = await formers(alice);
      return known.get(bobId) === 'gone' && known.get(nextId) === null;
    });
    await waitFor('the name', async () =>
      (await alice.conversations()).some((each) => each.id === nextId && each.username === 'bobby'),
    );
  });
});

test('an account that has another name now is told apart from the one that took it, until it says its own', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  await alice.sendText('bobby', 'one');
  await waitForTexts(bob, alice, ['one']);
  const bobId = await accountOf(bob);
  const { devices } = scene.cluster;
  const index = devices.findIndex(({ accountId }) => accountId === bobId);
  devices[index] = { ...devices[index]!, username: 'bobby-12345678' };
  const next = await scene.person('bobby');
  expect((await alice.addContact('bobby')).id).toBe(await accountOf(next));
  expect((await formers(alice)).get(bobId)).toBe('renamed');
  await alice.sendText(bobId, 'two');
  await waitForTexts(bob, alice, ['one', 'two']);
});

test('a name that an author claims is looked up once in a while, also when nobody has it', async () => {
  await using scene = await Scene.open();
  let restedMs = 0;
  const alice = await scene.person('alice', { monotonic: () => performance.now() + restedMs });
  const bob = await scene.person('bobby');
  const { devices, lookUps } = scene.cluster;
  const index = devices.findIndex(({ username }) => username === 'bobby');
  devices[index] = { ...devices[index]!, username: 'bobby-12345678' };
  const texts = ['one', 'two', 'three'];
  for (const [sent, text] of texts.entries()) {
    await bob.sendText('alice', text);
    await waitForTexts(alice, bob, texts.slice(0, sent + 1));
    await waitFor('a look-up', () => lookUps.includes('bobby'));
  }
  expect(lookUps.filter((name) => name === 'bobby')).toHaveLength(1);
  restedMs = 11 * 60 * 1000;
  await bob.sendText('alice', 'four');
  await waitFor('another look-up', () => lookUps.filter((name) => name === 'bobby').length === 2);
  expect((await alice.conversations())[0]?.username).toBeNull();
});
