import { mintMessageId } from '@restante/protocol';
import { expect, test } from 'vitest';
import { conversationWith, type Message } from '../index.ts';
import { keyOfMessage } from '../vault/keys.ts';
import { memoryVault } from '../vault/memory-vault.ts';
import { createVaultStore } from '../vault/store.ts';
import { createReading } from './reading.ts';

const [ANNA, BEN] = ['a', 'b'].map((digit) =>
  conversationWith(`${digit.repeat(8)}-1111-4111-8111-111111111111`),
);
const BEGIN = Date.UTC(2030, 0, 1);
const FILE = { name: 'sea.jpg', type: 'image/jpeg', size: 1, key: '' };

/** As many messages with each of two people, of which some have files. */
const readingOf = async (count: number, hasFiles: (index: number) => boolean) => {
  const vault = memoryVault();
  const messages = [ANNA!, BEN!].flatMap((conversation) =>
    Array.from({ length: count }, (_, index): Message => {
      const sentAt = BEGIN + index;
      return {
        ...{ id: mintMessageId(sentAt, new Uint8Array(10)), conversation, sentAt },
        ...{ text: '', direction: 'in', kind: 'text', state: 'seen' },
        ...(hasFiles(index) && { files: [FILE] }),
      };
    }),
  );
  await vault.commit(messages.map((value) => ({ table: 'messages', key: keyOfMessage(value), value })));
  return createReading(createVaultStore(vault), Promise.resolve());
};

test('messages with files are found from the newest on, page by page, in one conversation', async () => {
  const reading = await readingOf(1_200, (index) => index % 100 === 7);
  const first = await reading.messagesWithFiles(ANNA!, { limit: 5 });
  expect(first.found.map(({ sentAt }) => sentAt - BEGIN)).toEqual([1_107, 1_007, 907, 807, 707]);
  expect(first.found.every(({ conversation }) => conversation === ANNA)).toBe(true);
  const second = await reading.messagesWithFiles(ANNA!, { limit: 50, before: first.next! });
  expect(second.found.map(({ sentAt }) => sentAt - BEGIN)).toEqual([607, 507, 407, 307, 207, 107, 7]);
  expect(second.next).toBeNull();
});

test('one look at a long conversation without files has a bound, and can be gone on with', async () => {
  const reading = await readingOf(9_000, (index) => index === 0);
  let looks = 0;
  let before: Message | null = null;
  const found: Message[] = [];
  do {
    const look: Awaited<ReturnType<typeof reading.messagesWithFiles>> = await reading.messagesWithFiles(
      ANNA!,
      {
        ...(before !== null && { before }),
      },
    );
    found.push(...look.found);
    before = look.next;
    looks += 1;
  } while (before !== null);
  expect(looks).toBe(3);
  expect(found.map(({ sentAt }) => sentAt)).toEqual([BEGIN]);
});
