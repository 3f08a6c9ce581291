import { expect, test } from 'vitest';
import { memoryVault } from '../index.ts';
import { accountOf, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';

/** Bob has written to Alice and is away, and a text waits for him. */
const bobAway = async (scene: Scene) => {
  const disk = memoryVault();
  const alice = await scene.person('alice');
  const before = await scene.person('bobby', { vault: { ...disk, close: () => Promise.resolve() } });
  const bobId = await accountOf(before);
  await before.sendText('alice', 'hi');
  await waitForTexts(alice, before, ['hi']);
  await alice.sendText(bobId, 'hi yourself');
  await waitForTexts(before, alice, ['hi', 'hi yourself']);
  await waitFor('nothing to wait', () => scene.cluster.waiting() === 0);
  await before[Symbol.asyncDispose]();
  await alice.sendText(bobId, 'hello');
  await waitFor('it to wait', () => scene.cluster.waiting() > 0);
  /** `refusals`: how often he has been told that his token has expired. */
  const comeBack = async () => {
    const bob = scene.messenger({ vault: disk });
    let refused = 0;
    bob.on('fault', (fault) => {
      if ('code' in fault && fault.code === 'token-expired') refused += 1;
    });
    await bob.start();
    return { bob, refusals: () => refused };
  };
  return { alice, comeBack };
};

test('a token that nodes take for one of another time is renewed, and not again with each refusal', async () => {
  await using scene = await Scene.open();
  const { alice, comeBack } = await bobAway(scene);

  for (const node of scene.cluster.nodes) node.refusing = 'token-expired';
  const asked = scene.cluster.tokenRequests;
  const { bob, refusals } = await comeBack();
  await waitFor('many refusals', () => refusals() > 12);
  expect(scene.cluster.tokenRequests - asked).toBe(1);
  for (const node of scene.cluster.nodes) node.refusing = null;
  await waitForTexts(bob, alice, ['hi', 'hi yourself', 'hello']);
});

test('that one node refuses the token keeps nobody from the others, though no master can renew it', async () => {
  await using scene = await Scene.open();
  const { alice, comeBack } = await bobAway(scene);

  scene.cluster.masterDown = true;
  const [wrong, ...others] = scene.cluster.nodes;
  wrong!.refusing = 'token-expired';
  for (const node of others) node.down = true;
  const { bob, refusals } = await comeBack();
  await waitFor('refusals', () => refusals() > 2);
  for (const node of others) node.down = false;
  await waitForTexts(bob, alice, ['hi', 'hi yourself', 'hello']);
});
