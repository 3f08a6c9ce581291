import { describe, expect, test } from 'vitest';
import { conversationWith, memoryVault, readRow, type Messenger } from '../index.ts';
import { signDeviceList } from './account-key.ts';
import { accountOf, live, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';

const PASSWORD = 'correct horse';

const numbers = async (messenger: Messenger): Promise<number[]> =>
  (await messenger.waitingDevices()).map(({ deviceId }) => deviceId);
const waitForListing = (messenger: Messenger, listing: string): Promise<void> =>
  waitFor(listing, async () => (await messenger.listing()) === listing);

describe('a device that has signed in', () => {
  test('waits: nothing comes to it and nothing goes from it until one on the list lets it in, by the keys that were shown', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const told: number[][] = [];
    alice.on('waiting-devices', (devices) => told.push(devices.map(({ deviceId }) => deviceId)));
    const phone = await scene.waiting('alice');
    await waitFor('the question', async () => (await numbers(alice)).includes(2));
    const [asked] = await alice.waitingDevices();
    expect(asked).toMatchObject({ deviceId: 2, name: 'device 2', digits: await phone.deviceDigits() });
    await phone.sendText('bobby', 'from the phone');
    await bob.sendText('alice', 'who is there?');
    await waitForTexts(alice, bob, ['who is there?']);
    expect(scene.cluster.sends.flatMap(({ recipients }) => recipients)).not.toContainEqual(
      expect.objectContaining({
        envelopes: expect.arrayContaining([expect.objectContaining({ deviceId: 2 })]),
      }),
    );
    expect(await phone.conversations()).toHaveLength(1);
    await expect(phone.letDeviceIn(asked!)).rejects.toMatchObject({ code: 'no-account-key' });

    await alice.letDeviceIn(asked!);
    await waitForListing(phone, 'listed');
    await waitForTexts(bob, alice, ['from the phone', 'who is there?']);
    await bob.sendText('alice', 'to both');
    await waitFor('the phone to read', async () =>
      (await phone.messages(conversationWith(await accountOf(bob)))).some(({ text }) => text === 'to both'),
    );
    expect(told).toEqual([[2], []]);
    // It has the account key by then: it lets in the next one.
    const tablet = await scene.waiting('alice');
    await waitFor('the next question', async () => (await numbers(phone)).includes(3));
    const next = (await phone.waitingDevices())[0]!;
    await waitFor('the key', () =>
      phone.letDeviceIn(next).then(
        () => true,
        () => false,
      ),
    );
    await waitForListing(tablet, 'listed');
  });

  test('and is refused is gone; two that wait at once are let in by two devices at once', async () => {
    await using scene = await Scene.open();
    const alice = await scene.person('alice');
    const phone = await scene.device('alice');
    const stranger = await scene.waiting('alice');
    await waitFor('the question', async () => (await numbers(alice)).length === 1);
    await alice.removeDevice(3);
    await waitFor('no question', async () => (await numbers(alice)).length === 0);
    await stranger[Symbol.asyncDispose]();
    const [one, two] = [await scene.waiting('alice'), await scene.waiting('alice')];
    for (const each of [alice, phone])
      await waitFor('both questions', async () => (await numbers(each)).length === 2);
    const byDigits = async (asker: Messenger, of: Messenger) => {
      const digits = await of.deviceDigits();
      return (await asker.waitingDevices()).find((waiting) => waiting.digits === digits)!;
    };
    const [first, second] = [await byDigits(alice, one), await byDigits(phone, two)];
    await Promise.all([alice.letDeviceIn(first), phone.letDeviceIn(second)]);
    for (const each of [one, two]) await waitForListing(each, 'listed');
    expect((await alice.devices()).map(({ listed }) => listed)).toEqual([true, true, true, true]);
  });
});

test('the first list is published at the next connection when its answer, or the request itself, was lost', async () => {
  await using scene = await Scene.open();
  const disk = memoryVault();
  let lost = 0;
  const alice = scene.messenger({
    vault: { ...disk, close: () => Promise.resolve() },
    fetch: (...request) => {
      const [url] = request;
      if (typeof url !== 'string' || !url.endsWith('/api/device-list')) return fetch(...request);
      lost += 1;
      return Promise.reject(new TypeError('lost'));
    },
  });
  await alice.register({ username: 'alice', password: PASSWORD, deviceName: 'first' });
  expect([lost, scene.cluster.lists.size]).toEqual([1, 0]);
  await alice[Symbol.asyncDispose]();
  const again = scene.messenger({ vault: disk });
  await again.start();
  await waitForListing(again, 'listed');
  const bob = await scene.person('bobby');
  await bob.sendText('alice', 'hello');
  await waitForTexts(again, bob, ['hello']);
});

describe('a new account key', () => {
  test('is begun where no device on the list is left: for the password alone; contacts see one note, and go on', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    await alice.sendText('bobby', 'one');
    await waitForTexts(bob, alice, ['one']);
    await alice[Symbol.asyncDispose]();
    const anew = await scene.anew('alice');
    await anew.sendText('bobby', 'two');
    await waitForTexts(bob, anew, ['one', 'two']);
    const notes = async () =>
      (await bob.messages(conversationWith(await accountOf(anew)))).filter(
        ({ kind }) => kind === 'keys-changed',
      );
    expect(await notes()).toHaveLength(1);
    await bob.sendText('alice', 'three');
    await waitForTexts(anew, bob, ['two', 'three']);
    expect(await notes()).toHaveLength(1);
  });

  test('that somebody else begins is told on the devices on the list, which take the account back with the key that is verified', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const aliceId = await accountOf(alice);
    await alice.sendText('bobby', 'one');
    await waitForTexts(bob, alice, ['one']);
    await bob.setVerified(aliceId, true);
    const told: string[] = [];
    alice.on('listing', (listing) => told.push(listing));
    const thief = await scene.waiting('alice');
    await thief.beginAccountKey(PASSWORD);
    await waitForListing(thief, 'listed');
    await waitFor('alice to be told', () => told.at(-1) === 'replaced');
    await thief.sendText('bobby', 'send money');
    await waitFor('bob to be told', async () => (await bob.conversations())[0]?.verification === 'changed');
    await expect(bob.sendText(aliceId, 'secret')).rejects.toMatchObject({ code: 'keys-changed' });

    await alice.beginAccountKey(PASSWORD);
    await waitForListing(alice, 'listed');
    await waitForListing(thief, 'replaced');
    await alice.removeDevice(2);
    await alice.sendText('bobby', 'that was not me');
    await waitFor('bob to read', async () =>
      (await bob.messages(conversationWith(aliceId))).some(({ text }) => text === 'that was not me'),
    );
    expect((await bob.conversations())[0]?.verification).toBe('verified');
    await bob.sendText(aliceId, 'good');
    await waitFor('alice to read', async () =>
      (await alice.messages(conversationWith(await accountOf(bob)))).some(({ text }) => text === 'good'),
    );
  });

  test('that its person has begun elsewhere is followed: the device waits there', async () => {
    await using scene = await Scene.open();
    const alice = await scene.person('alice');
    const next = await scene.waiting('alice');
    await next.beginAccountKey(PASSWORD);
    await waitForListing(alice, 'replaced');
    await alice.followAccountKey();
    await waitForListing(alice, 'waiting');
    await waitFor('the question', async () => (await numbers(next)).includes(1));
    await next.letDeviceIn((await next.waitingDevices())[0]!);
    await waitForListing(alice, 'listed');
  });
});

test('a removed device is off the list before it is removed; a change of the password takes all others off', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  await scene.device('alice');
  await scene.device('alice');
  const aliceId = await accountOf(alice);
  const listed = () => scene.cluster.lists.get(aliceId)?.devices.map(({ deviceId }) => deviceId);
  expect(listed()).toEqual([1, 2, 3]);
  await alice.removeDevice(3);
  expect(listed()).toEqual([1, 2]);
  await alice.signOut();
  expect(listed()).toEqual([2]);
  await live(bob);
});

test('an account from before there were account keys gets one from its device with the lowest number', async () => {
  await using scene = await Scene.open();
  const disk = memoryVault();
  const vault = { ...disk, close: () => Promise.resolve() };
  const before = await scene.person('alice', { vault });
  const aliceId = await accountOf(before);
  await before[Symbol.asyncDispose]();
  await disk.commit([
    { table: 'accountKey', key: 'only', value: undefined },
    { table: 'deviceLists', key: aliceId, value: undefined },
  ]);
  scene.cluster.lists.delete(aliceId);
  const second = scene.messenger();
  await second.login({ username: 'alice', password: PASSWORD, deviceName: 'second' });
  await second.start();
  await live(second);
  expect(await second.listing()).toBe('unknown');
  const alice = scene.messenger({ vault: disk });
  await alice.start();
  await waitForListing(alice, 'listed');
  await waitForListing(second, 'waiting');
  expect(scene.cluster.lists.get(aliceId)).toMatchObject({ generation: 1, devices: [{ deviceId: 1 }] });
});

describe('a list that masters have', () => {
  test('lost is given back to them, and of two that were made apart what both say holds', async () => {
    await using scene = await Scene.open();
    const disk = memoryVault();
    const alice = await scene.person('alice', { vault: { ...disk, close: () => Promise.resolve() } });
    const aliceId = await accountOf(alice);
    const first = scene.cluster.lists.get(aliceId)!;
    await scene.device('alice');
    const second = scene.cluster.lists.get(aliceId)!;
    expect(second.generation).toBe(2);
    scene.cluster.publish(first);
    await waitFor('the newest', () => scene.cluster.lists.get(aliceId)?.signature === second.signature);
    const key = readRow('accountKey', await disk.get('accountKey', 'only'))!;
    // Somewhere else the second device was taken off, and a third one put on.
    const [own, other] = second.devices;
    const third = { ...other!, deviceId: 3 };
    scene.cluster.publish(signDeviceList(key, { ...second, devices: [own!, third] }));
    await waitFor('a list above both', () => scene.cluster.lists.get(aliceId)?.generation === 3);
    expect(scene.cluster.lists.get(aliceId)?.devices).toEqual([own]);
  });
});
