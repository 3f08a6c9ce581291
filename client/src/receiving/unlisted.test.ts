import { expect, test } from 'vitest';
import { memoryVault } from '../index.ts';
import { accountOf, Scene, textsWith, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';

test('a catch-up is not complete before it is known whether what came is to be heard', async () => {
  await using scene = await Scene.open();
  const disk = memoryVault();
  const first = await scene.person('alice', { vault: { ...disk, close: () => Promise.resolve() } });
  const alicesId = await accountOf(first);
  await first[Symbol.asyncDispose]();
  const bob = await scene.person('bobby');
  await bob.sendText('alice', 'hello');
  await waitFor('it to wait', () => scene.cluster.waiting() === 1);

  let open = (): void => undefined;
  const opened = new Promise<undefined>((resolve) => (open = () => resolve(undefined)));
  let asked = 0;
  const alice = scene.messenger({
    vault: disk,
    fetch: async (input, init) => {
      const { url } = new Request(input, init);
      if (url.includes('/device-lists/') && !url.includes(alicesId)) {
        asked += 1;
        await opened;
      }
      return fetch(input, init);
    },
  });
  const told: { readonly complete: boolean; readonly running: boolean; readonly texts: number }[] = [];
  let texts = 0;
  let received = 0;
  alice.on('message', () => (texts += 1));
  alice.on('catch-up', ({ complete, running, nodesAnswered }) => {
    told.push({ complete, running, texts });
    received = nodesAnswered;
  });
  await alice.start();
  await waitFor('the nodes to be read', () => asked > 1 && received === 3);
  expect(await textsWith(alice, bob)).toEqual([]);
  expect(told.filter(({ complete, running }) => complete || !running)).toEqual([]);
  open();
  await waitForTexts(alice, bob, ['hello']);
  await waitFor('it to be told', () => told.some(({ complete }) => complete));
  expect(told.filter(({ complete }) => complete)).not.toContainEqual(expect.objectContaining({ texts: 0 }));
});
