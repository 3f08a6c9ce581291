import { PLAIN_PART_BYTES } from '@restante/protocol';
import { expect, test } from 'vitest';
import { toBase64 } from '../base64.ts';
import type { BlobContent } from '../blobs/sealed-parts.ts';
import { keepFile, keptContent, keptName, keptParts } from './kept-files.ts';
import { memoryPartStore } from './memory-part-store.ts';
import type { PartStore } from './part-store.ts';

const never = { signal: new AbortController().signal };
const contentOf = (size: number): BlobContent & { readonly bytes: Uint8Array } => {
  const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 2_654_435_761) >>> 24);
  return { size, bytes, read: (from, to) => Promise.resolve(bytes.subarray(from, to)) };
};
const keyFor = (size: number) => ({ size, key: toBase64(crypto.getRandomValues(new Uint8Array(32))) });

test.each([0, 1, PLAIN_PART_BYTES - 1, PLAIN_PART_BYTES, PLAIN_PART_BYTES + 1, 2_500_000])(
  'a file of %i bytes is kept, and read from anywhere',
  async (size) => {
    const [parts, content, file] = [memoryPartStore(), contentOf(size), keyFor(size)];
    const told: number[] = [];
    await keepFile(parts, file, content, { ...never, onProgress: (bytes) => void told.push(bytes) });
    expect(told.at(-1)).toBe(size);
    const kept = await keptContent(parts, file);
    for (const [from, to] of [
      [0, size],
      [Math.floor(size / 3), Math.ceil(size / 2)],
      [Math.max(0, size - 1), size],
    ] as const)
      expect(Buffer.from(await kept.read(from, to)).equals(content.bytes.subarray(from, to))).toBe(true);
  },
);

test('nothing that is kept can be read without its key, and the name does not tell it', async () => {
  const [parts, file] = [memoryPartStore(), keyFor(100_000)];
  const said = new TextEncoder().encode('attack at dawn '.repeat(100));
  await keepFile(
    parts,
    { ...file, size: said.length },
    { size: said.length, read: (from, to) => Promise.resolve(said.subarray(from, to)) },
    never,
  );
  const name = await keptName(file);
  expect(name).toMatch(/^[0-9a-f]{32}$/);
  expect(name).not.toContain(Buffer.from(file.key, 'base64').toString('hex').slice(0, 8));
  expect(Buffer.from((await parts.get(name, 0))!).includes('dawn')).toBe(false);
});

test('what is begun and not ended leaves nothing', async () => {
  const file = keyFor(3_000_000);
  const content = contentOf(file.size);
  const cases: [string, PartStore, BlobContent][] = [];
  const full = memoryPartStore();
  const noRoom: PartStore = {
    ...full,
    put: (name, part, sealed) =>
      part === 2
        ? Promise.reject(new DOMException('no room', 'QuotaExceededError'))
        : full.put(name, part, sealed),
  };
  cases.push(['storage-full', noRoom, content]);
  cases.push([
    'content-changed',
    memoryPartStore(),
    { ...content, read: (from, to) => content.read(from, from > 0 ? to - 1 : to) },
  ]);
  for (const [code, parts, given] of cases) {
    await expect(keepFile(parts, file, given, never)).rejects.toMatchObject({ code });
    expect(await parts.files()).toEqual(new Map());
  }
  const [over, parts] = [new AbortController(), memoryPartStore()];
  const kept = keepFile(parts, file, content, {
    signal: over.signal,
    onProgress: () => over.abort(),
  });
  await expect(kept).rejects.toMatchObject({ name: 'AbortError' });
  expect(await parts.files()).toEqual(new Map());
});

test('what is read and does not fit is not kept, and leaves the room that it took', async () => {
  const [full, file] = [memoryPartStore(), keyFor(3_000_000)];
  const name = await keptName(file);
  const error = new DOMException('no room', 'QuotaExceededError');
  const noRoom: PartStore = {
    ...full,
    put: (of, part, sealed) => (part === 2 ? Promise.reject(error) : full.put(of, part, sealed)),
  };
  let told = 0;
  const kept = await keptParts(noRoom, file, () => (told += 1));
  for (const part of [0, 1]) await kept.put(part, new Uint8Array(9));
  expect(await full.files()).toEqual(new Map([[name, 18]]));
  for (const part of [2, 3, 0]) await kept.put(part, new Uint8Array(9));
  expect(await full.files()).toEqual(new Map());
  expect(told).toBe(1);
  expect(await kept.get(0)).toBeNull();
});

test('a part that is gone, cut or altered is not taken for the file', async () => {
  const file = keyFor(3_000_000);
  const name = await keptName(file);
  const lost = { code: 'file-lost' };
  const harms: ((part: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>)[] = [
    (part) => part.slice(0, -1),
    (part) => part.map((byte, index) => (index === 7 ? byte ^ 1 : byte)),
    () => new Uint8Array(0),
  ];
  for (const harm of harms) {
    const parts = memoryPartStore();
    await keepFile(parts, file, contentOf(file.size), never);
    await parts.put(name, 1, harm((await parts.get(name, 1))!));
    const kept = await keptContent(parts, file);
    await expect(kept.read(0, file.size)).rejects.toMatchObject(lost);
    expect(await kept.read(0, 5)).toHaveLength(5);
  }
  await expect((await keptContent(memoryPartStore(), file)).read(0, 1)).rejects.toMatchObject(lost);
});
