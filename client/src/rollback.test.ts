import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mintMessageId, type Envelope } from '@restante/protocol';
import { afterAll, describe, expect, test } from 'vitest';
import type { Messenger, MessengerOptions, Ratchet } from './index.ts';
import { libsignalRatchet } from './node/libsignal-ratchet.ts';
import { sqliteVault } from './node/sqlite-vault.ts';
import { accountOf, live, Scene, textsWith, waitForTexts as waitForShown } from './node/testing/scene.ts';
import { waitFor } from './node/testing/wait-for.ts';
import { signalRatchet } from './signal/signal-ratchet.ts';
import { conversationWith } from './vault/conversation-id.ts';

/** What comes after the first requests waits a minute for the next one. */
const waitForTexts = (messenger: Messenger, other: Messenger, texts: readonly string[]): Promise<void> =>
  waitForShown(messenger, other, texts, 90_000);

/** Law 17: a vault that was put back, or copied and used in two places, costs no message that is sent afterwards. */

const folder = mkdtempSync(path.join(tmpdir(), 'rollback-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/** A person's only device, whose vault is a file that can be kept and put back. */
class Profile {
  readonly file = path.join(folder, `${(files += 1)}.sqlite`);
  readonly #scene: Scene;
  readonly #ratchet: Ratchet;

  constructor(scene: Scene, ratchet: Ratchet) {
    this.#scene = scene;
    this.#ratchet = ratchet;
  }

  #options(): Pick<MessengerOptions, 'vault' | 'ratchet'> {
    const vault = sqliteVault(this.file);
    let closed: Promise<void> | null = null;
    return { vault: { ...vault, close: () => (closed ??= vault.close()) }, ratchet: this.#ratchet };
  }

  register(username: string): Promise<Messenger> {
    return this.#scene.person(username, this.#options());
  }

  async open(): Promise<Messenger> {
    const made = this.#scene.messenger(this.#options());
    await made.start();
    await live(made);
    return made;
  }

  /** Of a closed messenger. */
  copy(): Profile {
    const copied = new Profile(this.#scene, this.#ratchet);
    copyFileSync(this.file, copied.file);
    return copied;
  }
}

const close = (messenger: Messenger): Promise<void> => messenger[Symbol.asyncDispose]();

/** Says these texts one after the other, each shown before the next one. */
const say = async (from: Messenger, to: Messenger, ...texts: readonly string[]): Promise<void> => {
  for (const text of texts) {
    await from.sendText(await accountOf(to), text);
    await waitFor(text, async () => (await textsWith(to, from)).includes(text));
  }
};

describe.each<[string, () => Ratchet]>([
  ['libsignal', libsignalRatchet],
  ['signal', signalRatchet],
])('a vault that is put back: %s', (_, ratchet) => {
  const meet = async (scene: Scene) => {
    const [aliceAt, bobAt] = [new Profile(scene, ratchet()), new Profile(scene, ratchet())];
    const [alice, bob] = [await aliceAt.register('alice'), await bobAt.register('bobby')];
    await alice.sendText('bobby', 'a1');
    await waitForTexts(bob, alice, ['a1']);
    await say(bob, alice, 'b1');
    await say(alice, bob, 'a2');
    await waitFor('nothing left', () => scene.cluster.waiting() === 0);
    return { aliceAt, bobAt, alice, bob };
  };

  test('at the sender: what is sent afterwards is shown, in order and once', async () => {
    await using scene = await Scene.open();
    const { aliceAt, alice, bob } = await meet(scene);
    await close(alice);
    const old = aliceAt.copy();
    const lost = await aliceAt.open();
    await say(lost, bob, 'a3', 'a4', 'a5');
    await close(lost);

    const back = await old.open();
    const faults: unknown[] = [];
    back.on('fault', (fault) => faults.push('code' in fault && fault.code));
    const shown: string[] = [];
    bob.on('message', ({ direction, text }) => direction === 'in' && shown.push(text));
    const after = ['after 1', 'after 2', 'after 3', 'after 4', 'after 5'];
    await say(back, bob, ...after);
    await waitForTexts(bob, alice, ['a1', 'b1', 'a2', 'a3', 'a4', 'a5', ...after]);
    expect(shown).toEqual(after);
    await waitFor('delivered', async () =>
      (await back.messages(conversationWith(await accountOf(bob))))
        .filter(({ text }) => after.includes(text))
        .every(({ state }) => state === 'delivered'),
    );
    await waitFor('nothing unreadable', async () => (await bob.conversations())[0]?.unreadable === 0);
    await say(bob, back, 'b2');
    await waitForTexts(back, bob, ['a1', 'b1', 'a2', ...after, 'b2']);
    await waitFor('nothing left', () => scene.cluster.waiting() === 0);
    expect(faults).toEqual(['vault-outdated']);
  });

  test('at the sender: once it is known, nothing more repeats, for nobody', async () => {
    await using scene = await Scene.open();
    const { aliceAt, alice, bob } = await meet(scene);
    const carol = await scene.person('carol', { ratchet: ratchet() });
    await alice.sendText('carol', 'c1');
    await waitForTexts(carol, alice, ['c1']);
    await say(carol, alice, 'c2');
    const alice2 = await scene.device('alice', { ratchet: ratchet() });
    await waitFor('the other device is known', () =>
      scene.cluster.acknowledges.some(({ messages }) =>
        messages.some(({ senderDeviceId }) => senderDeviceId === 2),
      ),
    );
    await close(alice);
    const old = aliceAt.copy();
    const lost = await aliceAt.open();
    await say(lost, bob, 'a3');
    await say(lost, carol, 'c3', 'c4');
    await waitForTexts(alice2, carol, ['c3', 'c4']);
    await close(lost);

    const back = await old.open();
    const unread: string[] = [];
    for (const each of [carol, alice2]) each.on('undecryptable', ({ id }) => unread.push(id));
    await say(back, bob, 'after 1');
    await waitFor('its keys are new', () => scene.cluster.devices[0]!.keys.signedPreKey.keyId > 200);
    unread.length = 0;
    await say(back, carol, 'c5', 'c6');
    await say(carol, back, 'c7');
    await waitForTexts(carol, alice, ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7']);
    await waitForTexts(alice2, carol, ['c3', 'c4', 'c5', 'c6', 'c7']);
    expect(unread).toEqual([]);
    await waitFor('nothing left', () => scene.cluster.waiting() === 0);
  });

  test('at the reader: what is sent and read afterwards is shown', async () => {
    await using scene = await Scene.open();
    const { bobAt, alice, bob } = await meet(scene);
    await close(bob);
    const old = bobAt.copy();
    const lost = await bobAt.open();
    await say(alice, lost, 'a3');
    await say(lost, alice, 'b2', 'b3');
    await say(alice, lost, 'a4');
    await close(lost);

    await alice.sendText(await accountOf(bob), 'while nobody is there');
    const back = await old.open();
    await waitForTexts(back, alice, ['a1', 'b1', 'a2', 'while nobody is there']);
    await say(back, alice, 'after 1', 'after 2');
    await say(alice, back, 'after 3');
    const after = ['while nobody is there', 'after 1', 'after 2', 'after 3'];
    await waitForTexts(alice, bob, ['a1', 'b1', 'a2', 'a3', 'b2', 'b3', 'a4', ...after]);
    await waitForTexts(back, alice, ['a1', 'b1', 'a2', ...after]);
    await waitFor('nothing left', () => scene.cluster.waiting() === 0);
  });

  test('at both ends', async () => {
    await using scene = await Scene.open();
    const { aliceAt, bobAt, alice, bob } = await meet(scene);
    await close(alice);
    await close(bob);
    const old = [aliceAt.copy(), bobAt.copy()] as const;
    const [lostAlice, lostBob] = [await aliceAt.open(), await bobAt.open()];
    await say(lostAlice, lostBob, 'a3', 'a4');
    await say(lostBob, lostAlice, 'b2');
    await say(lostAlice, lostBob, 'a5');
    await close(lostAlice);
    await close(lostBob);

    const [alice2, bob2] = [await old[0].open(), await old[1].open()];
    await say(alice2, bob2, 'after 1', 'after 2');
    await say(bob2, alice2, 'after 3');
    await say(alice2, bob2, 'after 4');
    const texts = ['a1', 'b1', 'a2', 'after 1', 'after 2', 'after 3', 'after 4'];
    await waitForTexts(alice2, bob2, texts);
    await waitForTexts(bob2, alice2, texts);
    await waitFor('nothing left', () => scene.cluster.waiting() === 0);
  });

  test('a copy used in turn: whoever writes is heard', async () => {
    await using scene = await Scene.open();
    const { aliceAt, alice, bob } = await meet(scene);
    await close(alice);
    const places = [aliceAt, aliceAt.copy()];
    const texts: string[] = [];
    for (const round of [1, 2]) {
      for (const [place, profile] of places.entries()) {
        const here = await profile.open();
        const said = [0, 1].map((count) => `round ${round} place ${place} text ${count}`);
        await say(here, bob, ...said);
        texts.push(...said);
        await close(here);
      }
    }
    await waitForTexts(bob, alice, ['a1', 'b1', 'a2', ...texts]);
  });
});

test('envelopes that come again under other ids: shown once, and seldom asked for', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  const envelopes: Envelope[] = [];
  scene.cluster.corrupt = ({ accountId }, envelope) => {
    if (accountId === bobId) envelopes.push(envelope);
    return envelope;
  };
  await alice.sendText('bobby', 'once');
  await waitForTexts(bob, alice, ['once']);
  const [original] = envelopes;
  let repetitions = 0;
  bob.on('undecryptable', () => (repetitions += 1));
  for (let count = 0; count < 10; count += 1) {
    const id = mintMessageId(original!.sentAt + 1 + count, new Uint8Array(10));
    scene.cluster.push(bobId, 1, { type: 'envelope', envelope: { ...original!, id } });
  }
  await waitFor('all set aside', () => repetitions === 10);
  const requests = (): number =>
    scene.cluster.sends.filter(({ recipients }) => recipients[0]?.accountId === aliceId).length;
  await waitFor('a request', () => requests() > 0);
  await say(alice, bob, 'the end');
  expect(requests()).toBeLessThanOrEqual(3);
  expect(await textsWith(bob, alice)).toEqual(['once', 'the end']);
});

test('what has not come is asked for again with the next request, whatever the clock said at the last one', async () => {
  await using scene = await Scene.open();
  let aheadMs = 45 * 24 * 60 * 60 * 1000;
  const alice = await scene.person('alice');
  const bob = await scene.person('bobby', { now: () => Date.now() + aheadMs });
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  await alice.sendText('bobby', 'first');
  await waitForTexts(bob, alice, ['first']);
  const breakOne = async (text: string): Promise<void> => {
    const broken = new Promise((resolve) => bob.on('undecryptable', resolve));
    scene.cluster.corrupt = ({ accountId }, envelope) =>
      accountId === bobId ? { ...envelope, payload: 'AAAA' } : envelope;
    await alice.sendText(bobId, text);
    await broken;
    scene.cluster.corrupt = (_, envelope) => envelope;
  };
  // The first request is lost: a copy of Alice's vault, which knows nothing of that text, has taken it.
  let lost = 0;
  scene.cluster.intercept = (frame, reply) => {
    if (frame.type !== 'send' || frame.recipients[0]?.accountId !== aliceId || lost > 0) return false;
    lost += 1;
    reply({ type: 'accepted', id: frame.id, messageId: frame.id, copies: 3 });
    return true;
  };
  await breakOne('second');
  await waitFor('a request', () => lost === 1);
  aheadMs = 0;
  await breakOne('third');
  await waitForTexts(bob, alice, ['first', 'second', 'third']);
  await waitFor('nothing unreadable', async () => (await bob.conversations())[0]?.unreadable === 0);
});
