import { describe, expect, test } from 'vitest';
import { conversationWith, memoryVault, type Conversation, type Messenger } from '../index.ts';
import { accountOf, Scene, waitForTexts } from '../node/testing/scene.ts';
import { waitFor } from '../node/testing/wait-for.ts';
import {
  chosenWith,
  isArchived,
  isMuted,
  laterChoices,
  MUTED_FOR_GOOD,
  NO_SETTINGS,
  settingsOf,
} from '../content/conversation-settings.ts';

const rowOf = async (messenger: Messenger, accountId: string): Promise<Conversation | undefined> =>
  (await messenger.conversations()).find((each) => each.id === accountId);
const waitForSettings = (
  messenger: Messenger,
  accountId: string,
  expected: Partial<Conversation['settings']>,
): Promise<void> =>
  waitFor(`settings ${JSON.stringify(expected)}`, async () => {
    const { settings } = (await rowOf(messenger, accountId)) ?? {};
    return JSON.stringify(settings) === JSON.stringify({ ...NO_SETTINGS, ...expected });
  });

describe('what was chosen', () => {
  test('is the later choice of each setting, in whatever order they are heard', () => {
    const one = chosenWith('a', { pinned: true, nickname: 'Al' });
    const two = chosenWith('b', { pinned: false });
    for (const both of [laterChoices(one, two), laterChoices(two, one)])
      expect(settingsOf(both)).toEqual({ ...NO_SETTINGS, nickname: 'Al' });
    expect(laterChoices(one, chosenWith('a', { pinned: false }))).toEqual(one);
  });

  test('mutes for a time, and archives until there is something new', () => {
    expect(isMuted({ mutedUntil: 5 }, 4)).toBe(true);
    expect(isMuted({ mutedUntil: 5 }, 5)).toBe(false);
    expect(isMuted({ mutedUntil: MUTED_FOR_GOOD }, Date.UTC(9999, 11, 31))).toBe(true);
    const put = (change: object, row: object = {}): boolean =>
      isArchived(
        { settings: { ...NO_SETTINGS, archivedAt: 10, ...change }, lastMessageAt: 10, unread: 0, ...row },
        20,
      );
    expect(put({})).toBe(true);
    expect(put({ archivedAt: null })).toBe(false);
    expect(put({}, { lastMessageAt: 11 })).toBe(false);
    // It was written before, and came later.
    expect(put({}, { unread: 1 })).toBe(false);
    expect(put({ mutedUntil: 30 }, { lastMessageAt: 11, unread: 1 })).toBe(true);
    expect(put({ mutedUntil: 20 }, { unread: 1 })).toBe(false);
  });
});

test('settings are kept, told, and the same on all own devices, those that come later too', async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.person('alice'), await scene.person('bobby')];
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  const withBob = conversationWith(bobId);
  const alice2 = await scene.device('alice');
  // Nothing has been written with bob: there is no row to show it in.
  await alice.setConversationSettings(withBob, { nickname: 'Robert' });
  await bob.sendText(aliceId, 'hello');
  for (const device of [alice, alice2]) {
    await waitForTexts(device, bob, ['hello']);
    await waitForSettings(device, bobId, { nickname: 'Robert' });
  }
  const told: unknown[] = [];
  alice.on('conversation', ({ settings }) => told.push(settings));
  await alice2.setConversationSettings(withBob, { pinned: true, mutedUntil: MUTED_FOR_GOOD });
  await waitForSettings(alice, bobId, { pinned: true, mutedUntil: MUTED_FOR_GOOD, nickname: 'Robert' });
  expect(told.at(-1)).toMatchObject({ pinned: true });
  await alice.setConversationSettings(withBob, { mutedUntil: null, markedUnread: true, archivedAt: 7 });
  const all = { pinned: true, archivedAt: 7, markedUnread: true, nickname: 'Robert' };
  const alice3 = await scene.device('alice');
  for (const device of [alice, alice2]) await waitForSettings(device, bobId, all);
  await bob.sendText(aliceId, 'to all');
  await waitForTexts(alice3, bob, ['to all']);
  await waitForSettings(alice3, bobId, all);
  // Nobody else hears of it.
  expect((await rowOf(bob, aliceId))?.settings).toEqual(NO_SETTINGS);
});

test('settings outlive restarts and their conversation, and bad ones change nothing', async () => {
  await using scene = await Scene.open();
  const disk = memoryVault();
  const vault = { ...disk, close: () => Promise.resolve() };
  const alice = await scene.person('alice', { vault });
  const bob = await scene.person('bobby');
  const [aliceId, bobId] = [await accountOf(alice), await accountOf(bob)];
  const withBob = conversationWith(bobId);
  await alice.addContact('bobby');
  await alice.setConversationSettings(withBob, { nickname: 'Robert', pinned: true });
  for (const nickname of ['', 'x'.repeat(65)])
    await expect(alice.setConversationSettings(withBob, { nickname, pinned: false })).rejects.toMatchObject({
      code: 'bad-text',
    });
  await alice.setConversationSettings(withBob, {});
  // By a clock that is a year ahead it is archived as of now.
  await alice.setConversationSettings(withBob, { archivedAt: Date.now() + 365 * 86_400_000 });
  const { archivedAt } = (await rowOf(alice, bobId))!.settings;
  expect(Math.abs(archivedAt! - Date.now())).toBeLessThan(86_400_000);
  await alice.setConversationSettings(withBob, { archivedAt: null });
  await alice.deleteConversation(withBob);
  await alice[Symbol.asyncDispose]();
  const again = scene.messenger({ vault });
  await again.start();
  await bob.sendText(aliceId, 'hello');
  await waitForTexts(again, bob, ['hello']);
  await waitForSettings(again, bobId, { nickname: 'Robert', pinned: true });
});

test('a choice that would not stand against one of a time to come is refused', async () => {
  await using scene = await Scene.open();
  const disk = memoryVault();
  const alice = await scene.person('alice', { vault: disk });
  const bob = await scene.person('bobby');
  const bobId = await accountOf(bob);
  const { id } = await alice.addContact('bobby');
  await alice.setConversationSettings(id, { pinned: true });
  const [row] = await disk.list('conversationSettings', { limit: 1 });
  const known = (row!.value as { pinned: { id: string } }).pinned.id;
  const ahead = 'z'.repeat(known.length);
  const value = { pinned: { value: true, id: ahead } };
  await disk.commit([{ table: 'conversationSettings', key: bobId, value }]);
  await expect(alice.setConversationSettings(id, { pinned: false })).rejects.toMatchObject({
    code: 'clock-skew',
  });
  await alice.setConversationSettings(id, { nickname: 'Robert' });
  expect((await rowOf(alice, bobId))?.settings).toMatchObject({ pinned: true, nickname: 'Robert' });
});
