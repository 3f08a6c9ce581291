import { describe, expect, test } from 'vitest';
import { conversationWith, memoryVault, type CatchUpProgress, type Message } from './index.ts';
import { accountOf, live, Scene, textsWith, waitForTexts } from './node/testing/scene.ts';
import { waitFor } from './node/testing/wait-for.ts';

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `text ${index}`);

describe('live', () => {
  test('two people write; the sender sees accepted, delivered, read', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const states: string[] = [];
    alice.on('message-changed', ({ state }) => states.push(state));
    const received: Message[] = [];
    bob.on('message', (message) => received.push(message));

    await alice.sendText('bobby', 'hello');
    await waitFor('delivered', () => states.includes('delivered') && received.length === 1);
    expect(received[0]).toMatchObject({
      text: 'hello',
      direction: 'in',
      conversation: await accountOf(alice),
    });
    await bob.setStanding(await accountOf(alice), 'accepted');
    await bob.markRead(received);
    await waitFor('read', () => states.includes('read'));
    await bob.sendText('alice', 'hello back');
    await waitForTexts(alice, bob, ['hello', 'hello back']);
    await waitFor('nothing left', () => scene.cluster.waiting() === 0);
    await waitFor('verified name', async () => (await bob.conversations())[0]?.username === 'alice');
    expect((await bob.conversations())[0]).toMatchObject({ unread: 0 });
  });

  test('every device of both people shows the whole conversation', async () => {
    await using scene = await Scene.open();
    const alice = await scene.person('alice');
    const bob = await scene.person('bobby');
    await alice.sendText('bobby', 'to one device');
    await waitForTexts(bob, alice, ['to one device']);
    const bob2 = await scene.device('bobby');
    const alice2 = await scene.device('alice');
    await alice2.sendText('bobby', 'from the other device');
    await waitForTexts(bob, alice, ['to one device', 'from the other device']);
    await waitForTexts(bob2, alice, ['from the other device']);
    await waitForTexts(alice, bob, ['to one device', 'from the other device']);
    await bob2.sendText('alice', 'answer');
    await waitForTexts(alice2, bob, ['from the other device', 'answer']);
    await waitForTexts(bob, alice, ['to one device', 'from the other device', 'answer']);
    await waitFor('nothing left', () => scene.cluster.waiting() === 0);
  });

  test('a new device of a person gets copies from those that were there before', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    await alice.sendText('bobby', 'before');
    const alice2 = await scene.device('alice');
    await waitFor('greeting', () =>
      scene.cluster.acknowledges.some(({ messages }) =>
        messages.some(({ senderDeviceId }) => senderDeviceId === 2),
      ),
    );
    await alice.sendText('bobby', 'after');
    await waitForTexts(alice2, bob, ['after']);
    await waitForTexts(bob, alice, ['before', 'after']);
  });

  test('what a new device writes before it was let in goes out when it is, to the other devices too', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const alice2 = scene.messenger();
    await alice2.login({ username: 'alice', password: 'correct horse', deviceName: 'second' });
    await alice2.sendText('bobby', 'first words');
    await alice2.start();
    await waitFor('it to wait', async () => (await alice2.listing()) === 'waiting');
    expect(scene.cluster.sends).toEqual([]);
    await scene.letIn('alice', alice2);
    await waitForTexts(bob, alice, ['first words']);
    await waitForTexts(alice, bob, ['first words']);
  });

  test('a frame that breaks the protocol ends the connection, and a new one is made', async () => {
    await using scene = await Scene.open();
    const alice = await scene.person('alice');
    const names: string[] = [];
    alice.on('connection', ({ name }) => names.push(name));
    for (const socket of scene.cluster.sockets.values()) socket.send('{"type":"envelope","envelope":{}}');
    await waitFor('reconnection', () => names.includes('waiting') && names.at(-1) === 'live');
  });

  test('a device that was taken over stays away until its person takes it back', async () => {
    await using scene = await Scene.open();
    const alice = await scene.person('alice');
    for (const takeBack of ['start', 'refresh'] as const) {
      scene.cluster.dropSockets(4409);
      await waitFor('refused', () => alice.connection().name === 'refused');
      expect(alice.connection()).toEqual({ name: 'refused', code: 'superseded' });
      await alice[takeBack]();
      await live(alice);
    }
  });
});

describe('outbox', () => {
  test('survives a restart and sends the same bytes under the same id (law 4)', async () => {
    await using scene = await Scene.open();
    const bob = await scene.person('bobby');
    const vault = memoryVault();
    const first = await scene.person('alice', { vault: { ...vault, close: () => Promise.resolve() } });
    await first.sendText('bobby', 'before');
    await waitForTexts(bob, first, ['before']);

    scene.cluster.intercept = (frame) => frame.type === 'send';
    await first.sendText('bobby', 'lost answer');
    await waitFor('first attempt', () => scene.cluster.sends.length === 2);
    await first[Symbol.asyncDispose]();
    scene.cluster.intercept = () => false;

    const again = scene.messenger({ vault });
    await again.start();
    await waitForTexts(bob, again, ['before', 'lost answer']);
    expect(scene.cluster.sends[2]).toEqual(scene.cluster.sends[1]);
    await waitFor('accepted', async () =>
      (await again.messages(conversationWith(await accountOf(bob)))).every(
        ({ state }) => state === 'delivered',
      ),
    );
  });

  test('keeps what is written without a master, in order, also to somebody new', async () => {
    await using scene = await Scene.open();
    const alice = await scene.person('alice');
    const bob = await scene.person('bobby');
    const bobId = await accountOf(bob);
    scene.cluster.masterDown = true;
    scene.cluster.dropSockets();
    for (const text of numbered(150)) await alice.sendText(bobId, text);
    expect((await alice.messages(conversationWith(bobId))).every(({ state }) => state === 'queued')).toBe(
      true,
    );
    scene.cluster.masterDown = false;
    await waitForTexts(bob, alice, numbered(150));
    expect(scene.cluster.keyFetches).toBe(1);
  });

  test('what is refused for good is shown as failed', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    scene.cluster.intercept = (frame, reply) => {
      if (frame.type !== 'send') return false;
      reply({ type: 'refused', id: frame.id, error: { code: 'payload-too-large', message: 'too large' } });
      return true;
    };
    const failed: Message[] = [];
    alice.on('message-changed', (message) => failed.push(message));
    await alice.sendText('bobby', 'too large');
    await waitFor('failure', () => failed.length === 1);
    expect(failed[0]).toMatchObject({ state: 'failed', failure: 'payload-too-large' });
    scene.cluster.intercept = () => false;
    await alice.sendText('bobby', 'small');
    await waitForTexts(bob, alice, ['small']);
  });

  test('a refusal that may pass is tried again, and what follows waits behind it', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    let refusals = 3;
    scene.cluster.intercept = (frame, reply) => {
      if (frame.type !== 'send' || refusals === 0) return false;
      refusals -= 1;
      reply({ type: 'refused', id: frame.id, error: { code: 'mailbox-full', message: 'full' } });
      return true;
    };
    await alice.sendText('bobby', 'one');
    await alice.sendText('bobby', 'two');
    await waitForTexts(bob, alice, ['one', 'two']);
  });

  test('a clock that is ahead unnoticed: refused, minted anew, shown once and in order', async () => {
    await using scene = await Scene.open();
    const bob = await scene.person('bobby');
    let jumpMs = 0;
    const alice = await scene.person('alice', {
      now: () => Date.now() + jumpMs,
      monotonic: () => performance.now() + jumpMs,
    });
    await alice.sendText('bobby', 'before');
    jumpMs = 5 * 3_600_000;
    await Promise.all(['one', 'two', 'three'].map((text) => alice.sendText('bobby', text)));
    await waitForTexts(bob, alice, ['before', 'one', 'two', 'three']);
    expect(scene.cluster.sends).toHaveLength(7);
    jumpMs = 0;
    await alice.sendText('bobby', 'after');
    await waitForTexts(bob, alice, ['before', 'one', 'two', 'three', 'after']);
    await waitForTexts(alice, bob, ['before', 'one', 'two', 'three', 'after']);
  });

  test('what was minted anew and what follows it stay in order for somebody to whom all of it is still to come', async () => {
    await using scene = await Scene.open();
    const stopped = { wall: Date.now(), monotonic: performance.now() };
    const bob = await scene.person('bobby', { now: () => stopped.wall, monotonic: () => stopped.monotonic });
    let aheadMs = 0;
    const alice = await scene.person('alice', {
      now: () => Date.now() + aheadMs,
      monotonic: () => performance.now() + aheadMs,
    });
    await alice.sendText('bobby', 'before');
    await waitForTexts(bob, alice, ['before']);
    aheadMs = 5 * 3_600_000;
    for (const text of ['one', 'two']) await alice.sendText('bobby', text);
    await waitForTexts(bob, alice, ['before', 'one', 'two']);
    expect(scene.cluster.sends.length).toBeGreaterThan(3);
    for (const text of ['three', 'four']) await alice.sendText('bobby', text);
    await waitForTexts(bob, alice, ['before', 'one', 'two', 'three', 'four']);
  });

  test('what waits from a time when the clock was ahead goes before what is written after it was put right', async () => {
    await using scene = await Scene.open();
    const bob = await scene.person('bobby');
    const bobId = await accountOf(bob);
    let setMs = -60 * 3_600_000;
    const alice = await scene.person('alice', { now: () => Date.now() + setMs });
    await alice.sendText(bobId, 'before');
    await waitForTexts(bob, alice, ['before']);
    scene.cluster.masterDown = true;
    scene.cluster.dropSockets();
    // Right, but alice goes on by what the master said before.
    setMs = 0;
    const early = numbered(40);
    for (const text of early) await alice.sendText(bobId, text);
    const isSend = ({ type }: { readonly type: string }): boolean => type === 'send';
    scene.cluster.intercept = isSend;
    scene.cluster.masterDown = false;
    await waitFor('alice to be live', () => alice.connection().name === 'live');
    await alice.sendText(bobId, 'after');
    scene.cluster.intercept = () => false;
    scene.cluster.dropSockets();
    const all = ['before', ...early, 'after'];
    await waitForTexts(bob, alice, all);
    await waitForTexts(alice, bob, all);
    const { sentAt } = (await alice.messages(conversationWith(bobId))).at(-1)!;
    expect(Math.abs(sentAt - Date.now())).toBeLessThan(600_000);
  });

  test('devices that come, go or are set up anew: the set is repaired under the same id', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    await alice.sendText('bobby', 'one');
    await waitForTexts(bob, alice, ['one']);
    const bob2 = await scene.device('bobby');
    const before = scene.cluster.sends.length;
    await Promise.all(['two', 'three', 'four'].map((text) => alice.sendText('bobby', text)));
    await waitForTexts(bob2, alice, ['two', 'three', 'four']);
    await waitForTexts(bob, alice, ['one', 'two', 'three', 'four']);
    const ids = (await alice.messages(conversationWith(await accountOf(bob)))).map(({ id }) => id);
    const attempts = scene.cluster.sends.slice(before).filter(({ id }) => ids.includes(id));
    expect(new Set(attempts.map(({ id }) => id)).size).toBe(3);
    const payloads = new Set(attempts.map(({ recipients }) => recipients[0]!.envelopes[0]!.payload));
    expect(payloads.size).toBe(3);

    scene.cluster.devices.splice(
      scene.cluster.devices.findIndex(({ username, deviceId }) => username === 'bobby' && deviceId === 2),
      1,
    );
    await alice.sendText('bobby', 'five');
    await waitForTexts(bob, alice, ['one', 'two', 'three', 'four', 'five']);
    expect(await textsWith(bob2, alice)).toEqual(['two', 'three', 'four']);
  });
});

describe('catch-up', () => {
  const offlineWithMail = async (scene: Scene, count: number) => {
    const vault = memoryVault();
    const keeping = { ...vault, close: () => Promise.resolve() };
    const alice = await scene.person('alice');
    const bob = await scene.person('bobby', { vault: keeping });
    await bob[Symbol.asyncDispose]();
    for (const text of numbered(count)) await alice.sendText('bobby', text);
    await waitFor('all stored', () => scene.cluster.waiting() === count);
    const progress: CatchUpProgress[] = [];
    const back = scene.messenger({ vault: keeping });
    back.on('catch-up', (each) => progress.push(each));
    const shown: string[] = [];
    back.on('message', ({ text }) => shown.push(text));
    return { alice, bob: back, vault, progress, shown };
  };

  test('brings everything once, in order, and leaves nothing on the nodes', async () => {
    await using scene = await Scene.open();
    scene.cluster.pageLimit = 40;
    const { alice, bob, progress, shown } = await offlineWithMail(scene, 300);
    await bob.start();
    await waitForTexts(bob, alice, numbered(300));
    expect(shown).toEqual(numbered(300));
    await waitFor('end', () => progress.at(-1)?.running === false);
    expect(progress.at(-1)).toMatchObject({ received: 300, complete: true, nodesNeeded: 2 });
    await waitFor('nothing left', () => scene.cluster.waiting() === 0);
  });

  test('one node less is complete, two less is told and asked again (law 11)', async () => {
    await using scene = await Scene.open();
    const { alice, bob, progress } = await offlineWithMail(scene, 20);
    const [first, second] = [scene.cluster.nodes[0]!, scene.cluster.nodes[1]!];
    first.down = true;
    second.down = true;
    await bob.start();
    await waitForTexts(bob, alice, numbered(20));
    await live(bob);
    expect(progress.at(-1)).toMatchObject({ complete: false, nodesAnswered: 1, nodesNeeded: 2 });
    first.down = false;
    await waitFor('complete', () => progress.at(-1)?.complete === true);
    second.down = false;
    await waitFor('all nodes', () => progress.at(-1)?.nodesAnswered === 3);
  });

  test('a node that fails half-way holds nothing back', async () => {
    await using scene = await Scene.open();
    scene.cluster.pageLimit = 10;
    const { alice, bob, progress, shown } = await offlineWithMail(scene, 60);
    scene.cluster.nodes[1]!.pagesLeft = 2;
    await bob.start();
    await waitForTexts(bob, alice, numbered(60));
    expect(shown).toEqual(numbered(60));
    await waitFor('complete', () => progress.at(-1)?.complete === true);
  });

  test('nodes of the release before give their messages with the ids', async () => {
    await using scene = await Scene.open();
    const { alice, bob, progress, shown } = await offlineWithMail(scene, 30);
    scene.cluster.nodes[0]!.isOld = true;
    scene.cluster.nodes[2]!.isOld = true;
    await bob.start();
    await waitForTexts(bob, alice, numbered(30));
    expect(shown).toEqual(numbered(30));
    await waitFor('end', () => progress.at(-1)?.running === false);
    expect(progress.at(-1)).toMatchObject({ received: 30, complete: true, nodesAnswered: 3 });
    expect(scene.cluster.nodes[1]!.given).toEqual([]);
  });

  test('what came back after its deletion is deleted again, and not fetched', async () => {
    await using scene = await Scene.open();
    const { alice, bob } = await offlineWithMail(scene, 5);
    const [first] = scene.cluster.nodes;
    const key = [...first!.mailboxes.keys()].find((each) => first!.mailboxes.get(each)!.size === 5)!;
    const mail = [...first!.mailboxes.get(key)!.values()];
    await bob.start();
    await waitForTexts(bob, alice, numbered(5));
    await waitFor('nothing left', () => scene.cluster.waiting() === 0);
    await waitFor('deletion', () => scene.cluster.acknowledges.length > 0);
    for (const envelope of mail) first!.mailboxes.get(key)!.set(envelope.id, envelope);
    for (const node of scene.cluster.nodes) node.given.length = 0;
    bob.refresh();
    await waitFor('nothing left', () => scene.cluster.waiting() === 0);
    expect(scene.cluster.nodes.flatMap(({ given }) => given)).toEqual([]);
  });

  test('a node that was away when its mail was deleted is told by the reader, over a restart (law 12)', async () => {
    await using scene = await Scene.open();
    const { alice, bob, vault } = await offlineWithMail(scene, 5);
    const [first, ...others] = scene.cluster.nodes;
    const waitsAt = (nodes: typeof others): number =>
      nodes.reduce(
        (sum, node) => sum + [...node.mailboxes.values()].reduce((all, box) => all + box.size, 0),
        0,
      );
    first!.down = true;
    await bob.start();
    await waitForTexts(bob, alice, numbered(5));
    await waitFor('deletion at the others', () => waitsAt(others) === 0);
    const owed = () => vault.list('owedDeletes', { limit: 10 });
    await waitFor('what is owed', async () => (await owed()).length === 5);
    expect(waitsAt([first!])).toBe(5);
    await bob[Symbol.asyncDispose]();

    const again = scene.messenger({ vault });
    // No reading of the mailbox does it.
    first!.pagesLeft = 0;
    await again.start();
    await live(again);
    first!.down = false;
    await waitFor('deletion', () => waitsAt([first!]) === 0);
    await waitFor('nothing owed', async () => (await owed()).length === 0);
  });

  test('expired messages are told once', async () => {
    await using scene = await Scene.open();
    const { bob, progress } = await offlineWithMail(scene, 1);
    for (const node of scene.cluster.nodes) node.expired = 4;
    await bob.start();
    await live(bob);
    bob.refresh();
    await waitFor('second reading', () => progress.filter(({ running }) => !running).length >= 2);
    expect(progress.reduce((sum, { expired }) => sum + expired, 0)).toBe(4);
  });

  test('expired messages are a number, told once, whichever nodes answer', async () => {
    await using scene = await Scene.open();
    const { bob, progress, vault } = await offlineWithMail(scene, 1);
    await vault.commit([{ table: 'expired', key: 'only', value: NaN }]);
    const [first, ...others] = scene.cluster.nodes;
    const lastCovers = (nodes: number) =>
      waitFor(`a reading of ${nodes} nodes`, () => {
        const last = progress.at(-1);
        return last?.running === false && last.nodesAnswered === nodes;
      });
    for (const node of others) node.expired = 4;
    first!.down = true;
    await bob.start();
    await lastCovers(2);
    first!.down = false;
    await lastCovers(3);
    for (const node of others) node.down = true;
    bob.refresh();
    await lastCovers(1);
    for (const node of others) node.down = false;
    await lastCovers(3);
    expect(progress.reduce((sum, { expired }) => sum + expired, 0)).toBe(4);
  });

  test('crash between commit and delete: fetched again, shown once, deleted (laws 2, 3)', async () => {
    await using scene = await Scene.open();
    const { alice, bob, vault } = await offlineWithMail(scene, 30);
    scene.cluster.intercept = (frame) => frame.type === 'acknowledge';
    await bob.start();
    await waitForTexts(bob, alice, numbered(30));
    await bob[Symbol.asyncDispose]();
    expect(scene.cluster.waiting()).toBe(30);

    scene.cluster.intercept = () => false;
    const again = scene.messenger({ vault });
    const shown: string[] = [];
    again.on('message', ({ text }) => shown.push(text));
    const given = () => scene.cluster.nodes.reduce((sum, node) => sum + node.given.length, 0);
    expect(given()).toBe(30);
    await again.start();
    await waitFor('nothing left', () => scene.cluster.waiting() === 0);
    await waitForTexts(again, alice, numbered(30));
    expect(shown).toEqual([]);
    expect(given()).toBe(30);
  });

  test('without a master mail comes from the mailbox nodes, and receipts follow', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    await alice.sendText('bobby', 'one');
    await waitForTexts(bob, alice, ['one']);
    const bobId = await accountOf(bob);

    // Bob loses his masters; Alice still has hers.
    const key = `${bobId}:1`;
    scene.cluster.sockets.get(key)!.close(1001);
    scene.cluster.sockets.delete(key);
    scene.cluster.blocked.add(key);
    await waitFor('listening', () =>
      scene.cluster.nodes.every(({ listeners }) => (listeners.get(key)?.size ?? 0) > 0),
    );
    await alice.sendText('bobby', 'two');
    await waitForTexts(bob, alice, ['one', 'two']);
    await waitFor('deleted directly', () => scene.cluster.waiting() === 0);

    scene.cluster.blocked.clear();
    await waitFor('late receipt', async () =>
      (await alice.messages(conversationWith(bobId))).every(({ state }) => state === 'delivered'),
    );
  });
});

describe('what cannot be decrypted', () => {
  test('is set aside, blocks nothing, and comes again over a fresh session, once', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    const bob2 = await scene.device('bobby');
    await alice.sendText('bobby', 'one');
    await waitForTexts(bob, alice, ['one']);
    await waitForTexts(bob2, alice, ['one']);
    const setAside: string[] = [];
    bob.on('undecryptable', ({ id }) => setAside.push(id));

    scene.cluster.corrupt = ({ accountId, deviceId }, envelope) =>
      accountId !== envelope.senderId && deviceId === 1
        ? { ...envelope, payload: `${envelope.payload.slice(0, -8)}AAAAAAA=` }
        : envelope;
    await alice.sendText('bobby', 'two');
    await waitFor('set aside', () => setAside.length === 1);
    scene.cluster.corrupt = (_, envelope) => envelope;
    await waitForTexts(bob, alice, ['one', 'two']);
    await waitForTexts(bob2, alice, ['one', 'two']);
    await bob.sendText('alice', 'three');
    await waitForTexts(alice, bob, ['one', 'two', 'three']);
    await waitFor('nothing left', () => scene.cluster.waiting() === 0);
  });

  test('a sender is asked a few times at once, and then once a minute', async () => {
    await using scene = await Scene.open();
    const vault = memoryVault();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby', { vault })];
    await alice.sendText('bobby', 'one');
    await waitForTexts(bob, alice, ['one']);
    let broken = 0;
    bob.on('undecryptable', () => (broken += 1));
    const aliceId = await accountOf(alice);
    const requests = (): number =>
      scene.cluster.sends.filter(({ recipients }) => recipients[0]?.accountId === aliceId).length;
    scene.cluster.corrupt = (_, envelope) =>
      envelope.senderId === aliceId ? { ...envelope, payload: 'AAAA' } : envelope;
    for (const [index, text] of numbered(10).entries()) {
      await alice.sendText('bobby', text);
      await waitFor('it to be set aside', () => broken > index);
      // What is sent again is broken too, and may be asked for before the next text is written.
      await waitFor(
        () => `a request after ${index}: ${requests()}`,
        () => requests() >= Math.min(index + 1, 3),
      );
    }
    const [first] = await vault.list('setAside', { limit: 10 });
    // What nobody reads is not kept to be listed each time.
    expect(first?.value).not.toHaveProperty('payload');
    scene.cluster.corrupt = (_, envelope) => envelope;
    await alice.sendText('bobby', 'the end');
    await waitFor('the end', async () => (await textsWith(bob, alice)).includes('the end'));
    expect(requests()).toBe(3);
  });

  test('a peer that was set up anew is told of, and understood', async () => {
    await using scene = await Scene.open();
    const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
    await alice.sendText('bobby', 'one');
    await waitForTexts(bob, alice, ['one']);
    // Its vault was lost, and the server gives its number again.
    await bob[Symbol.asyncDispose]();
    const anew = await scene.anew('bobby');
    await alice.sendText('bobby', 'two');
    await waitForTexts(anew, alice, ['two']);
    const notes = await alice.messages(conversationWith(await accountOf(anew)));
    expect(notes.filter(({ kind }) => kind === 'keys-changed')).toHaveLength(1);
    await anew.sendText('alice', 'three');
    await waitForTexts(alice, anew, ['one', 'two', 'three']);
  });
});
