import { expect, test } from 'vitest';
import { conversationWith, memoryVault, type Messenger } from '../index.ts';
import { accountOf, live, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import type { Profile } from '../content/profile.ts';

const PICTURE = new Uint8Array([1, 2, 3, 4, 5]);

const rowOf = async (messenger: Messenger, accountId: string) =>
  (await messenger.conversations()).find((each) => each.id === accountId);
const waitForProfile = (messenger: Messenger, accountId: string, expected: Profile): Promise<void> =>
  waitFor(`the profile of ${expected.name}`, async () => {
    const { name, picture } = await messenger.profileOf(accountId);
    return name === expected.name && String(picture) === String(expected.picture);
  });
const settled = (scene: Scene): Promise<void> => waitFor('nothing left', () => scene.cluster.waiting() === 0);

/** Alice has let Bob in, and not Mallory, who has written to her. */
const known = async (scene: Scene) => {
  const [alice, bob, mallory] = [
    await scene.person('alice'),
    await scene.person('bobby'),
    await scene.person('mallory'),
  ];
  await alice.sendText('bobby', 'hello');
  await mallory.sendText('alice', 'hi');
  await waitForTexts(bob, alice, ['hello']);
  await waitForTexts(alice, mallory, ['hi']);
  const [aliceId, bobId, malloryId] = [
    await accountOf(alice),
    await accountOf(bob),
    await accountOf(mallory),
  ];
  return { alice, bob, mallory, aliceId, bobId, malloryId };
};

test('a profile is told to those who are let in, when it is chosen or when they are', async () => {
  await using scene = await Scene.open();
  const { alice, bob, mallory, aliceId, malloryId } = await known(scene);
  const told: Profile[] = [];
  alice.on('profile', (profile) => told.push(profile));
  expect(await alice.profile()).toEqual({ name: null, picture: null });
  await alice.setProfile({ name: 'Alice A.', picture: PICTURE });
  expect(told).toEqual([{ name: 'Alice A.', picture: PICTURE }]);
  await waitForProfile(bob, aliceId, { name: 'Alice A.', picture: PICTURE });
  const { profile } = (await rowOf(bob, aliceId))!;
  expect(profile).toMatchObject({ name: 'Alice A.' });

  await settled(scene);
  expect(await mallory.profileOf(aliceId)).toEqual({ name: null, picture: null });
  await alice.setStanding(malloryId, 'accepted');
  await waitForProfile(mallory, aliceId, { name: 'Alice A.', picture: PICTURE });

  // What is not named stays; another picture has another id.
  await alice.setProfile({ picture: new Uint8Array([9]) });
  await waitForProfile(bob, aliceId, { name: 'Alice A.', picture: new Uint8Array([9]) });
  expect((await rowOf(bob, aliceId))!.profile!.picture).not.toBe(profile!.picture);
  await alice.setProfile({ name: null, picture: null });
  for (const each of [bob, mallory]) await waitForProfile(each, aliceId, { name: null, picture: null });
  // It is no message, and nothing is unread by it.
  await waitForTexts(bob, alice, ['hello']);
  expect(await rowOf(bob, aliceId)).toMatchObject({ unread: 1, profile: { name: null, picture: null } });
});

test('a profile is the same on all own devices, and a new one knows those of others', async () => {
  await using scene = await Scene.open();
  const { alice, bob, mallory, aliceId, bobId, malloryId } = await known(scene);
  const vault = memoryVault();
  const alice2 = await scene.device('alice', { vault });
  await bob.setStanding(aliceId, 'accepted');
  await bob.setProfile({ name: 'Bob', picture: PICTURE });
  await waitForProfile(alice2, bobId, { name: 'Bob', picture: PICTURE });
  await waitFor('what alice knows', async () => (await vault.get('standings', bobId)) === 'accepted');
  await alice2.setProfile({ name: 'Alice', picture: PICTURE });
  await waitFor('alice to know', async () => (await alice.profile()).name === 'Alice');
  for (const device of [alice, alice2])
    await waitForProfile(device, bobId, { name: 'Bob', picture: PICTURE });
  await waitForProfile(bob, aliceId, { name: 'Alice', picture: PICTURE });
  // Chosen on one device, let in by another.
  await alice.setStanding(malloryId, 'accepted');
  await waitForProfile(mallory, aliceId, { name: 'Alice', picture: PICTURE });
  const alice3 = await scene.device('alice');
  await waitFor('the own one', async () => (await alice3.profile()).name === 'Alice');
  await waitForProfile(alice3, bobId, { name: 'Bob', picture: PICTURE });
  await bob.sendText(aliceId, 'to all');
  await waitFor('a row', async () => (await rowOf(alice3, bobId))?.profile?.name === 'Bob');
});

test('a new own device is not told what strangers say of themselves', async () => {
  await using scene = await Scene.open();
  const { alice, mallory, bobId, malloryId } = await known(scene);
  await mallory.setProfile({ name: 'Mallory', picture: PICTURE });
  await waitForProfile(alice, malloryId, { name: 'Mallory', picture: PICTURE });
  const vault = memoryVault();
  const alice2 = await scene.device('alice', { vault });
  await waitFor('what alice knows', async () => (await vault.get('standings', bobId)) === 'accepted');
  await waitFor('all of it', async () => (await vault.get('introduction', 'only')) === undefined);
  expect(await alice2.profileOf(malloryId)).toEqual({ name: null, picture: null });
});

test('who has not got a profile asks for it once somebody writes, and is not answered all the time', async () => {
  await using scene = await Scene.open();
  const { alice, bob, aliceId, bobId } = await known(scene);
  await bob.sendText(aliceId, 'hello yourself');
  await waitForTexts(alice, bob, ['hello', 'hello yourself']);
  await alice.setProfile({ name: 'Alice' });
  await waitForProfile(bob, aliceId, { name: 'Alice', picture: null });
  await settled(scene);
  const other = await scene.anew('bobby');
  // It knows nobody by now, and must have let her in to be told that she has one.
  await other.addContact('alice');
  await alice.sendText(bobId, 'are you there?');
  await waitFor('the text', async () => (await other.messages(conversationWith(aliceId))).length > 0);
  await waitForProfile(other, aliceId, { name: 'Alice', picture: null });
  const third = await scene.anew('bobby');
  await third.addContact('alice');
  await alice.sendText(bobId, 'and there?');
  await waitFor('that text', async () => (await third.messages(conversationWith(aliceId))).length > 0);
  await settled(scene);
  expect((await third.profileOf(aliceId)).name).toBeNull();
});

test('a stranger has no profile here before they write, and a name is shown without what deceives', async () => {
  await using scene = await Scene.open();
  const alice = await scene.person('alice');
  const mallory = await scene.person('mallory');
  const malloryId = await accountOf(mallory);
  await mallory.setProfile({ name: 'Your\u202e bank\u0000' });
  expect(await mallory.profile()).toMatchObject({ name: 'Your bank' });
  await mallory.addContact('alice');
  await settled(scene);
  expect(await alice.profileOf(malloryId)).toEqual({ name: null, picture: null });
  await mallory.sendText('alice', 'hi');
  await waitForTexts(alice, mallory, ['hi']);
  await alice.setStanding(malloryId, 'blocked');
  await mallory.setProfile({ name: 'Somebody else' });
  await settled(scene);
  expect((await alice.profileOf(malloryId)).name).toBeNull();
});

test('a profile outlives restarts, and a bad one changes nothing', async () => {
  await using scene = await Scene.open();
  const disk = memoryVault();
  const vault = { ...disk, close: () => Promise.resolve() };
  const alice = await scene.person('alice', { vault });
  const bob = await scene.person('bobby');
  const aliceId = await accountOf(alice);
  await alice.setProfile({ name: 'Alice', picture: PICTURE });
  for (const bad of [
    { name: '' },
    { name: ' \u200b ' },
    { name: 'x'.repeat(65) },
    { picture: new Uint8Array(0) },
    { picture: new Uint8Array(24 * 1024 + 1) },
  ])
    await expect(alice.setProfile(bad)).rejects.toMatchObject({ code: 'bad-profile' });
  await alice.setProfile({ picture: new Uint8Array(24 * 1024).fill(7) });
  await alice[Symbol.asyncDispose]();
  // It was decided while nobody was there to tell it.
  await disk.commit([{ table: 'profilesDue', key: await accountOf(bob), value: true }]);
  await disk.commit([{ table: 'standings', key: await accountOf(bob), value: 'accepted' }]);
  await bob.addContact('alice');
  const again = scene.messenger({ vault });
  await again.start();
  await live(again);
  expect(await again.profile()).toMatchObject({ name: 'Alice' });
  await waitForProfile(bob, aliceId, { name: 'Alice', picture: new Uint8Array(24 * 1024).fill(7) });
});

test('a profile that would not stand against one of a time to come is refused', async () => {
  await using scene = await Scene.open();
  const disk = memoryVault();
  const alice = await scene.person('alice', { vault: disk });
  await alice.setProfile({ name: 'Alice' });
  const value = { id: 'z', name: 'Alice', picture: null };
  await disk.commit([{ table: 'ownProfile', key: 'only', value }]);
  await expect(alice.setProfile({ name: 'Al' })).rejects.toMatchObject({ code: 'clock-skew' });
});
