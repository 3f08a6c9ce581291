import { messageTime, type SignedDeviceList } from '@restante/protocol';
import { describe, expect, test } from 'vitest';
import { conversationWith, memoryVault, readRow, type Messenger } from '../index.ts';
import { createAccountKey, signDeviceList } from './account-key.ts';
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
    await waitFor('what was verified', async () => {
      const [conversation] = await bob.conversations();
      return conversation?.verification === 'verified';
    });
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

describe('a change of the password that ends the other devices', () => {
  const change = { password: PASSWORD, newPassword: 'another correct horse', removeOtherDevices: true };

  test('takes them off the list, also when its answer is lost and the device ends before it can', async () => {
    await using scene = await Scene.open();
    const disk = memoryVault();
    const vault = { ...disk, close: () => Promise.resolve() };
    let isLost = false;
    const alice = await scene.person('alice', {
      vault,
      fetch: async (...request) => {
        const answer = await fetch(...request);
        if (isLost) throw new TypeError('lost');
        return answer;
      },
    });
    const aliceId = await accountOf(alice);
    const listed = () => scene.cluster.lists.get(aliceId)?.devices.map(({ deviceId }) => deviceId);
    await scene.device('alice');
    await alice.changePassword(change);
    expect(listed()).toEqual([1]);
    await scene.device('alice');
    expect(listed()).toEqual([1, 2]);
    isLost = true;
    await expect(alice.changePassword(change)).rejects.toMatchObject({ code: 'unreachable' });
    await alice[Symbol.asyncDispose]();
    expect(listed()).toEqual([1, 2]);
    await scene.messenger({ vault }).start();
    await waitFor('the other to be off', () => listed()?.join() === '1');
  });

  test('and is refused takes nobody off, whatever a master says of them later', async () => {
    await using scene = await Scene.open();
    const asked: string[] = [];
    const alice = await scene.person('alice', {
      fetch: (...request) => {
        const url = request[0] as string;
        asked.push(url);
        return url.endsWith('/account/password')
          ? Promise.resolve(Response.json({ code: 'unauthorized', message: '' }, { status: 401 }))
          : fetch(...request);
      },
    });
    const aliceId = await accountOf(alice);
    await scene.device('alice');
    await expect(alice.changePassword(change)).rejects.toMatchObject({ code: 'unauthorized' });
    scene.cluster.devices.pop();
    asked.length = 0;
    scene.cluster.dropSockets();
    await waitFor('the devices to be asked for', () => asked.some((url) => url.endsWith('/api/devices')));
    await live(alice);
    expect(scene.cluster.lists.get(aliceId)?.devices).toHaveLength(2);
  });
});

test('a removed device is off the list before it is removed, and so is who signs out', async () => {
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

test('a made-up account key keeps the right one out no longer than it is given, whatever its generation', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const aliceId = await accountOf(alice);
  await bob.sendText('alice', 'one');
  await waitForTexts(alice, bob, ['one']);
  const { digits } = await bob.safety(aliceId);
  const truth = scene.cluster.lists.get(aliceId)!;
  const key = createAccountKey((bytes) => crypto.getRandomValues(bytes));
  const ghosts = truth.devices.map((each) => ({ ...each, deviceId: 9 }));
  const madeUp = signDeviceList(key, { ...truth, generation: 1_000_000, devices: ghosts });
  scene.cluster.tellList = (account) => (account === aliceId ? madeUp : scene.cluster.lists.get(account)!);
  await bob.sendText('alice', 'two');
  await waitFor('the other key', async () => (await bob.safety(aliceId)).digits !== digits);

  scene.cluster.tellList = (account) => scene.cluster.lists.get(account)!;
  await alice.sendText('bobby', 'three');
  await waitForTexts(bob, alice, ['one', 'two', 'three']);
  expect((await bob.safety(aliceId)).digits).toBe(digits);
  await waitForTexts(alice, bob, ['one', 'two', 'three']);
});

describe('a device that has left', () => {
  test('is heard by who was away with what it had written until then, and with nothing that it writes afterwards', async () => {
    await using scene = await Scene.open();
    const [aliceDisk, bobDisk] = [memoryVault(), memoryVault()];
    const alice = await scene.person('alice', { vault: { ...aliceDisk, close: () => Promise.resolve() } });
    const first = await scene.person('bobby', { vault: { ...bobDisk, close: () => Promise.resolve() } });
    const bob = async (): Promise<Messenger> => {
      const messenger = scene.messenger({ vault: { ...bobDisk, close: () => Promise.resolve() } });
      await messenger.start();
      return messenger;
    };
    const phone = await scene.device('alice');
    await phone.sendText('bobby', 'hello');
    await waitForTexts(first, phone, ['hello']);
    await first[Symbol.asyncDispose]();
    for (const text of ['before I go', 'too late']) {
      const { length } = scene.cluster.sends;
      await phone.sendText('bobby', text);
      await waitFor('it to be sent', () => scene.cluster.sends.length > length);
    }
    const [before, late] = scene.cluster.sends.slice(-2).map(({ id }) => messageTime(id)) as [number, number];
    await phone.signOut();
    const aliceId = await accountOf(alice);
    const list = scene.cluster.lists.get(aliceId)!;
    expect(list.former).toMatchObject([{ deviceId: 2 }]);
    expect(list.former[0]!.until).toBeGreaterThan(late);

    const key = readRow('accountKey', await aliceDisk.get('accountKey', 'only'))!;
    const publish = (generation: number, until: number): SignedDeviceList => {
      const former = list.former.map((each) => ({ ...each, until }));
      const next = signDeviceList(key, { ...list, generation, former });
      scene.cluster.publish(next);
      return next;
    };
    // Bob has heard of it.
    const value = { ...publish(list.generation + 1, before), absent: [] };
    await bobDisk.commit([{ table: 'deviceLists', key: aliceId, value }]);
    const second = await bob();
    await waitForTexts(second, alice, ['hello', 'before I go']);
    await live(second);
    await waitForTexts(second, alice, ['hello', 'before I go']);
    await second[Symbol.asyncDispose]();
    // It has stayed in the mailbox.
    publish(list.generation + 2, late);
    await waitForTexts(await bob(), alice, ['hello', 'before I go', 'too late']);
  });
});
