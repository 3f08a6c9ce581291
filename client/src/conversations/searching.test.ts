import { NO_SETTINGS } from '../content/conversation-settings.ts';
import { expect, test } from 'vitest';
import { conversationWith, createMessenger, memoryVault, type Change, type Message } from '../index.ts';
import { mintMessageId } from '@restante/protocol';
import { libsignalRatchet } from '../node/libsignal-ratchet.ts';
import { messageKey } from '../vault/keys.ts';

const PEOPLE = ['a', 'b', 'c'].map((digit) =>
  conversationWith(`${digit.repeat(8)}-1111-4111-8111-111111111111`),
);
const BEGIN = Date.UTC(2030, 0, 1);

/** Messages of three conversations, the later ones in turn, as a vault keeps them. */
const filled = async (texts: readonly string[]) => {
  const vault = memoryVault();
  const messages = texts.map((text, index): Message => {
    const sentAt = BEGIN + index;
    const id = mintMessageId(sentAt, new Uint8Array(10));
    const conversation = PEOPLE[index % PEOPLE.length]!;
    return { id, conversation, sentAt, text, direction: 'out', kind: 'text', state: 'accepted' };
  });
  const rows = messages.map((value): Change => ({
    ...{ table: 'messages', value },
    key: messageKey(value.conversation, value.sentAt, value.id, value.direction),
  }));
  const conversations = PEOPLE.map((id): Change => {
    const lastMessageAt = messages.findLast((message) => message.conversation === id)?.sentAt ?? 0;
    const value = {
      ...{ id, username: null, standing: 'accepted' as const, unread: 0, lastMessageAt },
      ...{ preview: null, unreadable: 0, draft: '', verification: 'none' as const, settings: NO_SETTINGS },
    };
    return { table: 'conversations', key: id, value };
  });
  await vault.commit([...rows, ...conversations]);
  const messenger = createMessenger({ masters: [], vault, ratchet: libsignalRatchet() });
  return { messenger, messages, [Symbol.asyncDispose]: () => messenger[Symbol.asyncDispose]() };
};

test('finds every word, whatever its case and diacritics, newest first', async () => {
  await using scene = await filled([
    'Grüße aus Zürich',
    'zurich, GRUSSE',
    'nur Zürich',
    'ΟΔΟΣ Αθηνών',
    'crème brûlée',
    'ﬁnal',
  ]);
  const { messenger } = scene;
  const found = async (query: string): Promise<string[]> =>
    (await messenger.search(query)).map(({ text }) => text);
  expect(await found('zürich grüsse')).toEqual(['zurich, GRUSSE', 'Grüße aus Zürich']);
  expect(await found('  ZURICH ')).toEqual(['nur Zürich', 'zurich, GRUSSE', 'Grüße aus Zürich']);
  expect(await found('οδος αθηνων')).toEqual(['ΟΔΟΣ Αθηνών']);
  expect(await found('Bru\u0302le')).toEqual(['crème brûlée']);
  expect(await found('final')).toEqual(['ﬁnal']);
  expect(await found('zürich bern')).toEqual([]);
  expect(await found('   ')).toEqual([]);
});

test('pages through thousands of messages of several conversations, in order and without gaps', async () => {
  const texts = Array.from({ length: 6_000 }, (_, index) =>
    index % 7 === 0 ? `Treffer ${index}` : `text ${index}`,
  );
  await using scene = await filled(texts);
  const { messenger, messages } = scene;
  const wanted = messages.filter(({ text }) => text.startsWith('Treffer')).reverse();
  const found: Message[] = [];
  for (;;) {
    const before = found.at(-1);
    const page = await messenger.search('tréffer', { limit: 200, ...(before && { before }) });
    if (page.length === 0) break;
    found.push(...page);
  }
  expect(found).toEqual(wanted);
  expect(await messenger.search('treffer')).toEqual(wanted.slice(0, 50));
  expect(await messenger.search('5999 treffer')).toEqual(wanted.slice(0, 1));
});
