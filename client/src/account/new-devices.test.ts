import { expect, test } from 'vitest';
import { Scene, live } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import { memoryVault } from '../vault/memory-vault.ts';

const numbers = async (messenger: Awaited<ReturnType<Scene['person']>>): Promise<number[]> =>
  (await messenger.newDevices()).map(({ deviceId }) => deviceId);

test('who signs in is told at once where the person is, and at the next connect where they were not', async () => {
  await using scene = await Scene.open();
  const vault = memoryVault();
  const first = await scene.person('alice', { vault: { ...vault, close: () => Promise.resolve() } });
  await waitFor(
    'its own devices to be known',
    async () => (await vault.get('ownDevicesKnown', 'only')) === true,
  );
  const told: number[][] = [];
  first.on('new-devices', (devices) => told.push(devices.map(({ deviceId }) => deviceId)));

  const second = await scene.device('alice');
  await waitFor('the first one to be told', async () => (await numbers(first)).includes(2));
  expect(told).toEqual([[2]]);
  expect(await first.newDevices()).toMatchObject([{ deviceId: 2, name: 'device 2' }]);
  await first[Symbol.asyncDispose]();

  await scene.device('alice');
  await waitFor('the second one to be told', async () => (await numbers(second)).includes(3));
  // What was there before it is no news to it.
  expect(await numbers(second)).toEqual([3]);

  const again = scene.messenger({ vault });
  await again.start();
  await live(again);
  await waitFor('the first one to be told of both', async () => (await numbers(again)).length === 2);
  await again.knowDevice(2);
  expect(await numbers(again)).toEqual([3]);
  await again.removeDevice(3);
  again.refresh();
  for (const socket of scene.cluster.sockets.values()) socket.close();
  await waitFor('one that is gone to be no news', async () => (await numbers(again)).length === 0);
});
