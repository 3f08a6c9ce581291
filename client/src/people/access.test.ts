import { accessTokenBytes, type Send } from '@restante/protocol';
import { expect, test } from 'vitest';
import { fromBase64Url, toBase64Url } from '../base64.ts';
import { conversationWith, type Messenger } from '../index.ts';
import { accountOf, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';

/** What a messenger shows to whom it writes to, in the order of its sends to them. */
const shown = (scene: Scene, to: string): (string | undefined)[] =>
  scene.cluster.sends.flatMap(({ recipients }: Pick<Send, 'recipients'>) =>
    recipients.filter(({ accountId }) => accountId === to).map(({ access }) => access),
  );
const tokenOf = (owner: string, sender: string): string =>
  toBase64Url(accessTokenBytes(fromBase64Url(owner.replaceAll('-', '').padEnd(43, 'A')), sender));
const texts = async (of: Messenger, other: string): Promise<number> =>
  (await of.messages(conversationWith(other))).length;

test('who is let in gets a token with the next text, and shows it; a stranger has none', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  await alice.sendText('bobby', 'hello');
  await waitForTexts(bob, alice, ['hello']);
  await alice.sendText('bobby', 'are you there?');
  await waitForTexts(bob, alice, ['hello', 'are you there?']);
  expect(shown(scene, bobId)).toEqual([undefined, undefined]);

  // Alice, who has written first, lets Bob in: his first answer shows that.
  await bob.sendText('alice', 'yes');
  await waitFor('the answer', async () => (await texts(alice, bobId)) === 3);
  expect(shown(scene, aliceId)).toEqual([tokenOf(aliceId, bobId)]);
  await alice.sendText('bobby', 'good');
  await waitFor('what follows', async () => (await texts(bob, aliceId)) === 4);
  expect(shown(scene, bobId).at(-1)).toBe(tokenOf(bobId, aliceId));
});

test('a request that is accepted without a word is told with the receipt', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  await alice.sendText('bobby', 'hello');
  await waitForTexts(bob, alice, ['hello']);
  await bob.markRead(await bob.messages(conversationWith(aliceId)));
  await bob.setStanding(aliceId, 'accepted');
  await waitFor('read', async () => (await alice.messages(conversationWith(bobId))).at(-1)?.state === 'read');
  await alice.sendText('bobby', 'again');
  await waitFor('it', async () => (await texts(bob, aliceId)) === 2);
  expect(shown(scene, bobId).at(-1)).toBe(tokenOf(bobId, aliceId));
});
