import { readRow } from '../vault/rows.ts';
import { mintMessageId, type MessageId } from '@restante/protocol';
import { expect, test } from 'vitest';
import { conversationWith, memoryVault } from '../index.ts';
import { accountOf, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const idAt = (timeMs: number): MessageId => mintMessageId(timeMs, new Uint8Array(10).fill(7));

test('receipts for what this device has not sent: a friend is believed, once a day, a stranger is not', async () => {
  await using scene = await Scene.open();
  const vault = memoryVault();
  let aheadMs = 0;
  const bob = await scene.person('bobby', { vault, now: () => Date.now() + aheadMs });
  const [alice, stranger] = [await scene.person('alice'), await scene.person('mallory')];
  await bob.sendText('alice', 'to a friend');
  await waitForTexts(alice, bob, ['to a friend']);
  await stranger.sendText('bobby', 'from a stranger');
  await waitForTexts(bob, stranger, ['from a stranger']);
  const [bobId, aliceId, strangerId] = [
    await accountOf(bob),
    await accountOf(alice),
    await accountOf(stranger),
  ];
  const outdated = async (): Promise<number> =>
    readRow('outdated', await vault.get('outdated', 'only'))?.generation ?? 0;
  /** A receipt for what was sent, told on the same connection after the other one, shows that both have been dealt with. */
  const tell = async (accountId: string, ...ids: MessageId[]): Promise<void> => {
    scene.cluster.push(bobId, 1, { type: 'receipt', accountId, deviceId: 1, ids });
    const { id } = await bob.sendText('alice', `after ${ids.join()}`);
    await waitFor('delivered', async () =>
      (await bob.messages(conversationWith(aliceId))).some(
        (each) => each.id === id && each.state === 'delivered',
      ),
    );
  };

  const earlier = idAt(Date.now());
  await tell(strangerId, earlier);
  await tell(aliceId, idAt(Date.now() - DAY_MS), idAt(Date.now() + DAY_MS));
  expect(await outdated()).toBe(0);
  await tell(aliceId, idAt(Date.now()));
  await waitFor('learnt', async () => (await outdated()) === 1);
  await tell(aliceId, idAt(Date.now() + 1));
  await tell(aliceId, idAt(Date.now() + 2));
  expect(await outdated()).toBe(1);
  const nextKeyId = async (): Promise<number> =>
    readRow('keyRing', await vault.get('keyRing', 'only'))?.nextKeyId ?? 0;
  const first = await nextKeyId();
  expect(first).toBeGreaterThan(0x10000);

  aheadMs = 2 * DAY_MS;
  scene.cluster.clockOffsetMs = aheadMs;
  bob.stop();
  await bob.start();
  await waitFor('live', () => bob.connection().name === 'live');
  await tell(aliceId, earlier);
  expect(await outdated()).toBe(1);
  await tell(aliceId, idAt(Date.now() + aheadMs));
  await waitFor('learnt again', async () => (await outdated()) === 2);
  // A master takes no key whose id is below one that it has seen.
  expect(await nextKeyId()).toBeGreaterThan(first + 0x10000 - 1);
});
