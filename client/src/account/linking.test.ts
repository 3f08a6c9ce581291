import { RENDEZVOUS_MS } from '@restante/protocol';
import { describe, expect, test } from 'vitest';
import { conversationWith, memoryVault, type Messenger, type MessengerOptions } from '../index.ts';
import { accountOf, live, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import { signalRatchet } from '../signal/index.ts';
import { createAccountKey, signDeviceList } from './account-key.ts';
import { readLinkCode } from './link-code.ts';

const urlOf = ([url]: Parameters<typeof fetch>): string => (typeof url === 'string' ? url : '');
const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);
const waitForListing = (messenger: Messenger, listing: string): Promise<void> =>
  waitFor(listing, async () => (await messenger.listing()) === listing);
const notes = async (messenger: Messenger, other: Messenger): Promise<number> =>
  (await messenger.messages(conversationWith(await accountOf(other)))).filter(
    ({ kind }) => kind === 'keys-changed',
  ).length;

/** The new device shows a code, the other one takes it. */
const linkByJoinCode = async (listed: Messenger, fresh: Messenger): Promise<void> => {
  const { link, code } = await fresh.showJoinCode('phone');
  const { link: taken } = await listed.takeJoinCode(code);
  await listed.linkDevice(taken);
  await fresh.join(link);
};

describe('a new device', () => {
  test.each(['libsignal', 'own'] as const)(
    'shows a code: it is on the list before it writes, and nobody is warned (%s ratchet)',
    async (kind) => {
      await using scene = await Scene.open();
      const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
      await alice.sendText('bobby', 'before');
      await waitForTexts(bob, alice, ['before']);
      const fresh = scene.messenger(kind === 'own' ? { ratchet: signalRatchet() } : {});
      const told: string[] = [];
      fresh.on('listing', (listing) => told.push(listing));
      const { link, code, endsInMs } = await fresh.showJoinCode('phone');
      expect(endsInMs).toBe(RENDEZVOUS_MS);
      const asked = await alice.takeJoinCode(code);
      expect(asked.name).toBe('phone');
      await alice.linkDevice(asked.link);
      expect(await fresh.invited(link)).toEqual({ username: 'alice' });
      await fresh.join(link);
      expect(await fresh.listing()).toBe('listed');
      expect(await alice.isLinked(asked.link)).toBe(true);
      expect(await fresh.self()).toMatchObject({ username: 'alice', deviceId: 2 });
      await fresh.start();
      await live(fresh);
      expect(told).not.toContain('waiting');

      await fresh.sendText('bobby', 'from the phone');
      await waitForTexts(bob, alice, ['before', 'from the phone']);
      await bob.sendText('alice', 'to both');
      for (const device of [alice, fresh])
        await waitFor('it to be read', async () =>
          (await device.messages(conversationWith(await accountOf(bob)))).some(
            ({ text }) => text === 'to both',
          ),
        );
      expect(await notes(bob, alice)).toBe(0);
      expect(await alice.waitingDevices()).toEqual([]);
      // It has the account key: it links the next one.
      const tablet = scene.messenger();
      await linkByJoinCode(fresh, tablet);
      expect(await tablet.listing()).toBe('listed');
    },
  );

  test('takes a code that a device of the account shows: both show the same digits', async () => {
    await using scene = await Scene.open();
    const [alice, fresh] = [await scene.person('alice'), scene.messenger()];
    const shown = await alice.showLinkCode();
    const { link, digits } = await fresh.takeLinkCode(
      ` ${shown.code.slice(0, 40)}\n${shown.code.slice(40)} `,
      'phone',
    );
    expect(digits).toMatch(/^\d{6}$/);
    expect(await alice.applicant(shown.link)).toEqual({ name: 'phone', digits });
    expect(await fresh.self()).toBeNull();
    await Promise.all([alice.linkDevice(shown.link), fresh.join(link)]);
    expect(await alice.isLinked(shown.link)).toBe(true);
    expect(await fresh.listing()).toBe('listed');
    expect((await alice.devices()).map(({ listed }) => listed)).toEqual([true, true]);
  });

  test('hears its own profile and who is let in as one that has signed in does', async () => {
    await using scene = await Scene.open();
    const [alice, bob, fresh] = [await scene.person('alice'), await scene.person('bobby'), scene.messenger()];
    await bob.sendText('alice', 'hello');
    await waitForTexts(alice, bob, ['hello']);
    await alice.setProfile({ name: 'Alice A.' });
    await alice.setStanding(await accountOf(bob), 'accepted');
    await linkByJoinCode(alice, fresh);
    await fresh.start();
    await waitFor('the profile', async () => (await fresh.profile()).name === 'Alice A.');
  });
});

describe('a code', () => {
  test('is taken once', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const fresh = scene.messenger();
    const { code, link } = await fresh.showJoinCode('phone');
    await alice.linkDevice((await alice.takeJoinCode(code)).link);
    const second = await bob.takeJoinCode(code);
    await expect(bob.linkDevice(second.link)).rejects.toMatchObject({ code: 'slot-taken' });
    await fresh.join(link);
    expect(await fresh.self()).toMatchObject({ username: 'alice' });

    const shown = await alice.showLinkCode();
    const [one, other] = [scene.messenger(), scene.messenger()];
    await one.takeLinkCode(shown.code, 'mine');
    await expect(other.takeLinkCode(shown.code, 'theirs')).rejects.toMatchObject({ code: 'slot-taken' });
    expect(await alice.applicant(shown.link)).toMatchObject({ name: 'mine' });
  });

  test('is good for five minutes, on this side and the other', async () => {
    await using scene = await Scene.open();
    const clock = { now: 0 };
    const monotonic = () => clock.now;
    const [alice, fresh] = [await scene.person('alice', { monotonic }), scene.messenger({ monotonic })];
    const { code, link } = await fresh.showJoinCode('phone');
    const waiting = fresh.invited(link);
    waiting.catch(() => undefined);
    const taken = await alice.takeJoinCode(code);
    const shown = await alice.showLinkCode();
    clock.now += RENDEZVOUS_MS;
    await expect(waiting).rejects.toMatchObject({ code: 'link-ended' });
    await expect(alice.applicant(shown.link)).rejects.toMatchObject({ code: 'link-ended' });
    // It was another code that was shown last.
    await expect(alice.linkDevice(taken.link)).rejects.toMatchObject({ code: 'link-ended' });
    scene.cluster.clockOffsetMs += RENDEZVOUS_MS;
    const late = await alice.takeJoinCode(code);
    await expect(alice.linkDevice(late.link)).rejects.toMatchObject({ code: 'link-ended' });
    await expect(scene.messenger().takeLinkCode(shown.code, 'phone')).rejects.toMatchObject({
      code: 'link-ended',
    });
  });

  test('ends the one before, and ends with its dialog', async () => {
    await using scene = await Scene.open();
    const [alice, fresh] = [await scene.person('alice'), scene.messenger()];
    const first = await fresh.showJoinCode('phone');
    const waiting = fresh.invited(first.link);
    waiting.catch(() => undefined);
    const second = await fresh.showJoinCode('phone');
    await expect(waiting).rejects.toMatchObject({ code: 'link-ended' });
    await expect(fresh.join(first.link)).rejects.toMatchObject({ code: 'link-ended' });
    const taken = await alice.takeJoinCode(second.code);
    await alice.endLinking();
    await expect(alice.linkDevice(taken.link)).rejects.toMatchObject({ code: 'link-ended' });
    await fresh.endLinking();
    await expect(fresh.invited(second.link)).rejects.toMatchObject({ code: 'link-ended' });
  });

  test('ends with the keys that are in it: who tries to sign in meanwhile draws others', async () => {
    await using scene = await Scene.open();
    const [alice, fresh] = [await scene.person('alice'), scene.messenger()];
    const { code, link } = await fresh.showJoinCode('phone');
    await alice.linkDevice((await alice.takeJoinCode(code)).link);
    const credentials = { username: 'nobody', password: 'correct horse', deviceName: 'phone' };
    await expect(fresh.login(credentials)).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(fresh.join(link)).rejects.toMatchObject({ code: 'link-ended' });
    await linkByJoinCode(alice, fresh);
    expect(await fresh.listing()).toBe('listed');
  });

  test('of the own side, or none at all, is refused by name', async () => {
    await using scene = await Scene.open();
    const [alice, fresh] = [await scene.person('alice'), scene.messenger()];
    const { code: joinCode } = await fresh.showJoinCode('phone');
    const { code: linkCode } = await alice.showLinkCode();
    await expect(alice.takeJoinCode(linkCode)).rejects.toMatchObject({ code: 'link-code-own-side' });
    await expect(fresh.takeLinkCode(joinCode, 'phone')).rejects.toMatchObject({ code: 'link-code-own-side' });
    for (const text of ['', 'https://restante.example/#/add/alice', joinCode.slice(0, 40), `${linkCode}A`]) {
      await expect(alice.takeJoinCode(text)).rejects.toMatchObject({ code: 'bad-link-code' });
      await expect(fresh.takeLinkCode(text, 'phone')).rejects.toMatchObject({ code: 'bad-link-code' });
    }
    await expect(alice.showJoinCode('phone')).rejects.toMatchObject({ code: 'already-registered' });
    await expect(fresh.showLinkCode()).rejects.toMatchObject({ code: 'not-registered' });
  });
});

describe('a device that has no right to', () => {
  test('links none: it waits itself', async () => {
    await using scene = await Scene.open();
    await scene.person('alice');
    const waiting = await scene.waiting('alice');
    await expect(waiting.showLinkCode()).rejects.toMatchObject({ code: 'no-account-key' });
    const fresh = scene.messenger();
    const { link } = await waiting.takeJoinCode((await fresh.showJoinCode('phone')).code);
    await expect(waiting.linkDevice(link)).rejects.toMatchObject({ code: 'no-account-key' });
  });
});

describe('a server that lies', () => {
  /** A device that alice is about to link, whose code has been answered. */
  const invitedBy = async (scene: Scene, alice: Messenger, options: Partial<MessengerOptions> = {}) => {
    const fresh = scene.messenger(options);
    const { link, code } = await fresh.showJoinCode('phone');
    await alice.linkDevice((await alice.takeJoinCode(code)).link);
    await fresh.invited(link);
    return { fresh, link };
  };

  test('puts nothing in that opens', async () => {
    await using scene = await Scene.open();
    const [alice, fresh, other] = [await scene.person('alice'), scene.messenger(), scene.messenger()];
    const { link, code } = await fresh.showJoinCode('phone');
    const slots = scene.cluster.rendezvous.get(readLinkCode(code).rendezvous)!;
    // Sealed well, for another key.
    const another = await other.showJoinCode('theirs');
    await alice.linkDevice((await alice.takeJoinCode(another.code)).link);
    slots.set('first', scene.cluster.rendezvous.get(readLinkCode(another.code).rendezvous)!.get('first')!);
    await expect(fresh.invited(link)).rejects.toMatchObject({ code: 'link-altered' });
    await expect(fresh.join(link)).rejects.toMatchObject({ code: 'link-altered' });
    expect(await fresh.self()).toBeNull();

    const shown = await alice.showLinkCode();
    scene.cluster.rendezvous.get(shown.link)!.set('first', btoa('x'.repeat(99)));
    await expect(alice.applicant(shown.link)).rejects.toMatchObject({ code: 'link-altered' });
    await expect(alice.linkDevice(shown.link)).rejects.toMatchObject({ code: 'link-altered' });
  });

  test.each([
    ['another account key', 'swapped'],
    ['an older list', 'older'],
    ['no list', 'none'],
  ] as const)('gives %s: nothing is kept of the account', async (_, kind) => {
    await using scene = await Scene.open();
    const alice = await scene.person('alice');
    const aliceId = await accountOf(alice);
    const first = scene.cluster.lists.get(aliceId)!;
    await scene.device('alice');
    const { devices, former } = scene.cluster.lists.get(aliceId)!;
    const { fresh, link } = await invitedBy(scene, alice);
    const told = {
      swapped: signDeviceList(createAccountKey(random), {
        ...{ accountId: aliceId, generation: 9, devices, former },
      }),
      older: first,
      none: null,
    }[kind];
    scene.cluster.tellList = () => told;
    await expect(fresh.join(link)).rejects.toMatchObject({ code: 'device-list-refused' });
    expect(await fresh.self()).toBeNull();
    expect(scene.cluster.devices.filter(({ username }) => username === 'alice')).toHaveLength(2);
    expect(scene.cluster.lists.get(aliceId)!.generation).toBe(2);
  });

  test('adds it to another account: it is refused', async () => {
    await using scene = await Scene.open();
    const [alice, mallory] = [await scene.person('alice'), await scene.person('mallory')];
    const malloryId = await accountOf(mallory);
    const { fresh, link } = await invitedBy(scene, alice, {
      fetch: async (...request) => {
        const answer = await fetch(...request);
        if (!urlOf(request).endsWith('/api/devices') || answer.status !== 201) return answer;
        const body = JSON.stringify({ ...((await answer.json()) as object), accountId: malloryId });
        return new Response(body, { status: 201, headers: answer.headers });
      },
    });
    await expect(fresh.join(link)).rejects.toMatchObject({ code: 'device-list-refused' });
    expect(await fresh.self()).toBeNull();
  });
});

describe('where it is cut', () => {
  /** Fails the n-th request of a messenger, or loses its answer. */
  const cutting = (at: number, how: 'request' | 'answer') => {
    const state = { count: 0 };
    const options: Partial<MessengerOptions> = {
      fetch: async (...request) => {
        state.count += 1;
        const isCut = state.count === at;
        if (isCut && how === 'request') throw new TypeError('cut');
        const answer = await fetch(...request);
        if (isCut) throw new TypeError('cut');
        return answer;
      },
    };
    return { state, options };
  };
  const STEPS = 5;

  test.each(
    (['request', 'answer'] as const).flatMap((how) =>
      Array.from({ length: STEPS }, (_, index) => [index + 1, how] as const),
    ),
  )('request %i of the new device (%s): it goes on, or another code does it', async (at, how) => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const { options } = cutting(at, how);
    const fresh = scene.messenger(options);
    const link = () => linkByJoinCode(alice, fresh);
    await link().catch(async (error: unknown) => {
      expect(error).toMatchObject({ code: 'unreachable' });
      expect(await fresh.self()).toBeNull();
      await link();
    });
    await fresh.start();
    await waitForListing(fresh, 'listed');
    await fresh.sendText('bobby', 'here');
    await waitFor('bob to read', async () =>
      (await bob.messages(conversationWith(await accountOf(alice)))).some(({ text }) => text === 'here'),
    );
    expect(await notes(bob, alice)).toBe(0);
  });

  test('between its registration and the list: it puts itself there at the next connection', async () => {
    await using scene = await Scene.open();
    const alice = await scene.person('alice');
    const disk = memoryVault();
    const vault = { ...disk, close: () => Promise.resolve() };
    const fresh = scene.messenger({ vault, fetch: listCut });
    await linkWithoutList(alice, fresh);
    const again = scene.messenger({ vault: disk });
    await again.start();
    await waitForListing(again, 'listed');
  });

  test('and it is refused meanwhile: it does not put itself back', async () => {
    await using scene = await Scene.open();
    const alice = await scene.person('alice');
    const disk = memoryVault();
    const vault = { ...disk, close: () => Promise.resolve() };
    const fresh = scene.messenger({
      vault,
      // The list is taken, and the answer is lost.
      fetch: async (...request) => {
        const answer = await fetch(...request);
        if (urlOf(request).endsWith('/api/device-list')) throw new TypeError('cut');
        return answer;
      },
    });
    await linkWithoutList(alice, fresh);
    await waitFor('alice to know', async () => (await alice.devices()).length === 2);
    // Taken off the list alone: a master may let it connect for ever.
    const [entry] = scene.cluster.devices.filter(
      ({ deviceId, username }) => username === 'alice' && deviceId === 2,
    );
    await alice.removeDevice(2);
    scene.cluster.devices.push(entry!);
    const again = scene.messenger({ vault: disk });
    await again.start();
    await waitForListing(again, 'waiting');
    expect(scene.cluster.lists.get(await accountOf(alice))!.devices).toHaveLength(1);
  });

  test('for longer than a day: it waits to be let in', async () => {
    await using scene = await Scene.open();
    const alice = await scene.person('alice');
    const disk = memoryVault();
    const vault = { ...disk, close: () => Promise.resolve() };
    const fresh = scene.messenger({ vault, fetch: listCut });
    await linkWithoutList(alice, fresh);
    scene.cluster.clockOffsetMs += 25 * 60 * 60 * 1000;
    const again = scene.messenger({ vault: disk });
    await again.start();
    await waitForListing(again, 'waiting');
  });
});

const listCut: typeof fetch = (...request) =>
  urlOf(request).endsWith('/api/device-list') ? Promise.reject(new TypeError('cut')) : fetch(...request);

/** It has joined as far as it could. */
const linkWithoutList = async (alice: Messenger, fresh: Messenger): Promise<void> => {
  const { link, code } = await fresh.showJoinCode('phone');
  await alice.linkDevice((await alice.takeJoinCode(code)).link);
  await fresh.join(link);
  expect(await fresh.self()).toMatchObject({ username: 'alice' });
  expect(await fresh.listing()).toBe('unknown');
  await fresh[Symbol.asyncDispose]();
};
