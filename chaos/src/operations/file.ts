import { named } from '@restante/client';
import { PLAIN_PART_BYTES } from '@restante/protocol';
import type { Reference } from '../history/line.ts';
import { fileDigest } from './file-digest.ts';
import { referenceOf } from './messages.ts';
import { choose, chooseText, type Operation } from './operation.ts';

const MAX_FILES = 3;
/** Nothing; less than the smallest blob holds; what one part holds, and one byte more; up to three parts. */
const SIZES = [0, 300, 40_000, PLAIN_PART_BYTES, PLAIN_PART_BYTES + 1, 1_800_000, 3_000_000];
/** From the size of one file of a message to that of the next. */
const SIZES_APART = 3;

/** Each line of it has the text and a number: no part is like another one, and what lies anywhere in the clear is found by the text. */
const contentOf = (text: string, file: number, size: number): Uint8Array<ArrayBuffer> => {
  const lines = Array.from(
    { length: Math.ceil(size / text.length) },
    (_, line) => `${text} ${file} ${line}\n`,
  );
  return new TextEncoder().encode(lines.join('')).subarray(0, size);
};

/** Queues a text with files: promised as soon as that returns. */
export const file: Operation = {
  name: 'file',
  writtenAs: 'text',
  weight: 6,
  contents: ['files', 'receipt', 'sent'],
  perform: async ({ messenger, self, act }, { to: people, text, numbers: [who, what = 0] }) => {
    const to = choose(people, who) ?? '';
    const contents = Array.from({ length: 1 + (what % MAX_FILES) }, (_, index) =>
      contentOf(text, index, choose(SIZES, Math.floor(what / MAX_FILES) + index * SIZES_APART) ?? 0),
    );
    const files = await Promise.all(contents.map((bytes) => fileDigest([bytes])));
    await act({ to, text, files }, async (): Promise<Reference> => {
      const given = contents.map((bytes, index) => ({
        ...{ name: `${text} ${index}.txt`, type: 'text/plain', size: bytes.length },
        read: (from: number, end: number) => Promise.resolve(bytes.subarray(from, end)),
      }));
      const { id } = await messenger.sendFiles(to, given, { text });
      return { author: self.accountId, id };
    });
  },
};

/** Has a file stored again, though the nodes may well have it. */
export const askForFile: Operation = {
  name: 'ask-for-file',
  weight: 3,
  contents: ['file-request', 'file-stored'],
  perform: async (acting, wish) => {
    const message = await chooseText(acting, wish, undefined, ({ files }) => files?.[0]?.blob !== undefined);
    if (message === null) return;
    const reference = referenceOf(acting, message);
    await acting.act({ to: named(message.conversation).accountId, message: reference }, async () => {
      await acting.messenger.askForFile(message.conversation, reference, 0);
      return null;
    });
  },
};
