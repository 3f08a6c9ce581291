import { readRow } from '../vault/rows.ts';
import { messageTime, mintMessageId } from '@restante/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { serverClock } from './clock.ts';
import { placed } from '../receiving/arrival.ts';
import { accountOf, Scene, textsWith, waitForTexts } from '../node/testing/scene.ts';
import { forgingRatchet } from '../node/testing/forging-ratchet.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import { memoryVault } from '../vault/memory-vault.ts';
import { createVaultStore } from '../vault/store.ts';
import { conversationWith } from '../vault/conversation-id.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = 1_800_000_000_000;

/** A machine whose clocks are moved by hand, beside a server whose time is right. */
const machine = async (wallMs = 0) => {
  const off = { wallMs, asleepMs: 0 };
  let elapsed = 0;
  let asked = 0;
  const store = createVaultStore(memoryVault());
  const clock = serverClock({
    store,
    now: () => START + elapsed + off.wallMs,
    monotonic: () => elapsed - off.asleepMs,
    random: (bytes) => crypto.getRandomValues(bytes),
  });
  const server = (): number => START + elapsed;
  const answer = (): Promise<void> => clock.observe(server(), 0);
  await clock.load();
  await answer();
  return {
    ...{ off, clock, server, answer },
    asked: () => asked,
    passes: (ms: number): void => void (elapsed += ms),
    connect: (): void => clock.connect(() => void (asked += 1)),
    mint: async (): Promise<number> => {
      await clock.settled();
      return messageTime(await store.transact((transaction) => clock.mint(transaction)));
    },
    hear: (...aheadMs: number[]): number =>
      clock.hear(aheadMs.map((ms) => START + elapsed + ms)) - START - elapsed,
    rewind: (lastMs = 0): Promise<void> => store.transact((transaction) => clock.rewind(transaction, lastMs)),
  };
};

describe('a clock that is set while the messenger runs', () => {
  test.each([2 * HOUR, 5 * MINUTE, -HOUR])('by %i ms: a master is asked at once', async (setMs) => {
    const here = await machine(30 * MINUTE);
    here.connect();
    here.passes(20_000);
    here.off.wallMs += setMs;
    const minted = here.mint();
    expect(here.asked()).toBe(1);
    // What is shown meanwhile goes on as if nothing had been set.
    expect(here.clock.now()).toBe(here.server());
    await here.answer();
    expect(await minted).toBe(here.server());
    here.passes(MINUTE);
    expect(here.clock.now()).toBe(here.server());
    expect(here.asked()).toBe(1);
  });

  test('set back while nobody can be asked: time goes on as it did', async () => {
    const here = await machine();
    here.off.wallMs -= 3 * HOUR;
    expect(await here.mint()).toBe(here.server());
  });

  test('a machine that has slept: its clock is right, the other stood still', async () => {
    const here = await machine();
    here.passes(8 * HOUR);
    here.off.asleepMs = 8 * HOUR;
    expect(await here.mint()).toBe(here.server());
  });

  test('a connection that ends before the answer does not keep anybody waiting', async () => {
    const here = await machine();
    here.connect();
    here.off.wallMs -= HOUR;
    const minted = here.mint();
    here.clock.disconnect();
    expect(await minted).toBe(here.server());
  });

  test('ids minted further ahead than nodes take do not keep later ones there, once nothing waits under them', async () => {
    const here = await machine();
    here.passes(11 * MINUTE);
    // Looks like a sleep, and was none.
    here.off.wallMs += 11 * MINUTE;
    expect(await here.mint()).toBe(here.server() + 11 * MINUTE);
    await here.answer();
    expect(await here.mint()).toBe(here.server() + 11 * MINUTE + 1);
    const again = messageTime(here.clock.mintAgain(0));
    expect(again).toBe(here.server());
    // What was minted again while the clock was wrong puts nothing ahead once it is right.
    expect(messageTime(here.clock.mintAgain(here.server() + 11 * MINUTE))).toBe(here.server());
    await here.rewind(again);
    expect(await here.mint()).toBe(here.server() + 1);
  });

  test('an answer that comes late does not put a later id before an earlier one', async () => {
    const here = await machine();
    const first = await here.mint();
    const said = here.server();
    here.passes(5_000);
    const second = await here.mint();
    await here.clock.observe(said, 0);
    const third = await here.mint();
    here.passes(20_000);
    await here.answer();
    const fourth = await here.mint();
    expect([first, second, third, fourth]).toEqual([said, said + 5_000, said + 5_001, here.server()]);
  });

  test('an answer that took long moves nobody whose time it agrees with, by whichever part of the way it was late', async () => {
    for (const lateMs of [0, 1_500, 5_000]) {
      const here = await machine();
      const said = here.server() + lateMs;
      here.passes(5_000);
      await here.clock.observe(said, 5_000);
      expect(here.clock.now()).toBe(here.server());
    }
  });

  test('an answer that took long, and does not agree, is taken for one of half way', async () => {
    const here = await machine(HOUR);
    here.off.wallMs = 0;
    const said = here.server() + HOUR;
    here.passes(4_000);
    await here.clock.observe(said, 4_000);
    expect(here.clock.now()).toBe(said + 2_000);
  });

  test('a clock that was set by more than the answer took', async () => {
    const here = await machine();
    here.connect();
    here.off.wallMs += MINUTE;
    const minted = here.mint();
    const said = here.server();
    here.passes(2_000);
    await here.clock.observe(said, 2_000);
    expect(await minted).toBe(here.server());
    expect(here.clock.now()).toBe(here.server());
  });

  test('masters whose clocks differ by minutes do not put a later id before an earlier one', async () => {
    const here = await machine();
    await here.clock.observe(here.server() + 9 * MINUTE, 0);
    const first = await here.mint();
    here.passes(1_000);
    await here.answer();
    expect(await here.mint()).toBe(first + 1);
  });

  test('what is written after a message was taken has a later id, and what is taken has come by then', async () => {
    const here = await machine();
    expect(here.hear(900, -HOUR, 400)).toBe(900);
    expect(await here.mint()).toBe(here.server() + 901);
    expect(here.hear(0)).toBe(901);
    here.passes(MINUTE);
    expect(here.hear(-10)).toBe(0);
    expect(await here.mint()).toBe(here.server());
  });

  test('nobody who says a time from further ahead is followed, nor one who was while the clock was wrong', async () => {
    const here = await machine();
    expect(here.hear(9 * MINUTE, 5_001, 200)).toBe(200);
    expect(await here.mint()).toBe(here.server() + 201);
    await here.clock.observe(here.server() + HOUR, 0);
    expect(here.hear(HOUR)).toBe(HOUR);
    await here.answer();
    expect(here.hear(300)).toBe(300);
  });

  test.each([900, -900])(
    'two people whose clocks are apart by %i ms, which nobody notices: an answer stands behind its question',
    async (apartMs) => {
      await using scene = await Scene.open();
      let setMs = 0;
      const alice = await scene.person('alice', { now: () => Date.now() + setMs });
      const bob = await scene.person('bobby');
      setMs = apartMs;
      const [asks, answers] = apartMs > 0 ? [alice, bob] : [bob, alice];
      const written: string[] = [];
      for (let nth = 0; nth < 5; nth += 1) {
        for (const [author, other] of [
          [asks, answers],
          [answers, asks],
        ] as const) {
          const text = `${author === asks ? 'question' : 'answer'} ${nth}`;
          await author.sendText(await accountOf(other), text);
          written.push(text);
          await waitFor(text, async () => (await textsWith(other, author)).includes(text));
        }
      }
      await waitForTexts(asks, answers, written);
      await waitForTexts(answers, asks, written);
      const shown = await alice.messages(conversationWith(await accountOf(bob)));
      expect(shown.filter(({ writtenAt }) => writtenAt !== undefined)).toEqual([]);
    },
  );

  test('two people: what is written then stands in the order in which it was written', async () => {
    await using scene = await Scene.open();
    let setMs = 2 * HOUR;
    const alice = await scene.person('alice', { now: () => Date.now() + setMs });
    const bob = await scene.person('bobby');
    const written: string[] = [];
    for (const next of [2 * HOUR, 0, 5 * MINUTE, -3 * HOUR]) {
      setMs = next;
      for (const [author, other] of [
        ['alice', bob],
        ['bobby', alice],
      ] as const) {
        const text = `${author} ${next}`;
        await (author === 'alice' ? alice : bob).sendText(await accountOf(other), text);
        written.push(text);
        await waitFor(text, async () => (await textsWith(other, other === bob ? alice : bob)).includes(text));
      }
    }
    await waitForTexts(alice, bob, written);
    await waitForTexts(bob, alice, written);
    for (const { sentAt } of await alice.messages(conversationWith(await accountOf(bob))))
      expect(Math.abs(sentAt - Date.now())).toBeLessThan(MINUTE);
  });
});

test('what was written after a master’s clock was put right stands behind what was written while it was ahead', async () => {
  await using scene = await Scene.open();
  scene.cluster.clockOffsetMs = 4 * MINUTE;
  const bob = await scene.person('bobby');
  const vault = memoryVault();
  const carol = scene.messenger({ vault });
  await carol.register({ username: 'carol', password: 'correct horse', deviceName: 'first' });
  await carol.start();
  await bob.sendText('carol', 'one');
  await waitForTexts(carol, bob, ['one']);
  await carol[Symbol.asyncDispose]();
  scene.cluster.clockOffsetMs = 0;
  await bob.sendText('carol', 'two');
  await bob.sendText('carol', 'three');
  const again = scene.messenger({ vault });
  await again.start();
  await waitForTexts(again, bob, ['one', 'two', 'three']);
  const shown = await again.messages(conversationWith(await accountOf(bob)));
  expect(shown.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  expect(shown.filter(({ writtenAt }) => writtenAt !== undefined)).toEqual([]);
});

describe('where a message stands', () => {
  const id = (timeMs: number) => mintMessageId(timeMs, new Uint8Array(10));

  test('never after its arrival, and before what had been taken by at most a minute', () => {
    const time = fc.integer({ min: START - 40 * 24 * HOUR, max: START + HOUR });
    fc.assert(
      fc.property(time, time, time, time, (said, envelope, one, other) => {
        const arrival = { after: Math.min(one, other), at: Math.max(one, other) };
        const claimed = Math.min(said, envelope);
        const { sentAt, writtenAt } = placed(id(said), envelope, arrival);
        // No master takes an id from further ahead: then it is this clock that is wrong.
        if (claimed <= arrival.at + 10 * MINUTE) expect(sentAt).toBeLessThanOrEqual(arrival.at);
        expect(sentAt).toBeGreaterThanOrEqual(arrival.after - MINUTE);
        if (writtenAt === undefined) expect(Math.abs(sentAt - claimed)).toBeLessThanOrEqual(MINUTE);
        else expect(writtenAt).toBe(claimed);
      }),
    );
  });

  test.each(['while its reader is there', 'while they are away'])(
    'a text that says it is 20 days old, %s: last, and marked',
    async (when) => {
      await using scene = await Scene.open();
      const vault = memoryVault();
      const kept = { ...vault, close: () => Promise.resolve() };
      let reader = await scene.person('reader', { vault: kept });
      const old = id(Date.now() - 20 * 24 * HOUR);
      const writer = await scene.person('writer', {
        ratchet: forgingRatchet((content) =>
          content['text'] === 'I told you' ? { ...content, id: old } : content,
        ),
      });
      await writer.sendText('reader', 'one');
      await waitForTexts(reader, writer, ['one']);
      await reader.sendText('writer', 'do you agree?');
      await waitForTexts(writer, reader, ['one', 'do you agree?']);
      await waitFor(
        'all to be taken',
        async () => readRow('clock', await vault.get('clock', 'only'))?.takenUntilMs !== undefined,
      );
      if (when === 'while they are away') await reader[Symbol.asyncDispose]();
      await writer.sendText('reader', 'I told you');
      await writer.sendText('reader', 'yes');
      if (when === 'while they are away') {
        reader = scene.messenger({ vault });
        await reader.start();
      }
      const order = ['one', 'do you agree?', 'I told you', 'yes'];
      await waitFor('all four', async () => (await textsWith(reader, writer)).length === 4);
      const shown = await reader.messages(conversationWith(await accountOf(writer)));
      expect(shown.map(({ text }) => text).sort()).toEqual([...order].sort());
      expect(shown.slice(0, 2).map(({ text }) => text)).toEqual(order.slice(0, 2));
      const told = shown.find(({ text }) => text === 'I told you');
      expect(told?.writtenAt).toBe(messageTime(old));
      expect(Math.abs(told!.sentAt - Date.now())).toBeLessThan(MINUTE);
      expect(shown.filter(({ writtenAt }) => writtenAt !== undefined)).toHaveLength(1);
    },
  );
});
