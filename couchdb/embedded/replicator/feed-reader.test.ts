import { describe, expect, it } from 'vitest';
import { FeedReader } from './feed-reader.ts';
import { readLines } from './lines.ts';
import type { FeedEvent } from './peer.ts';

const change = (n: number): FeedEvent => ({ change: { id: `doc-${n}`, seq: n, revs: ['1-a'] } });
const turns = async () => {
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
};

describe('a feed read ahead', () => {
  it('is no further ahead than its bound', async () => {
    let produced = 0;
    async function* endless() {
      for (;;) {
        yield change((produced += 1));
        await Promise.resolve();
      }
    }
    const reader = new FeedReader(endless());
    await turns();
    const ahead = produced;
    await turns();
    expect(produced).toBe(ahead);
    expect(ahead).toBeLessThanOrEqual(501);
    const { changes } = reader.take(100);
    expect(changes.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
    await turns();
    expect(produced).toBeGreaterThan(ahead);
    reader.stop();
  });

  it('gives everything before its end, and the place at its end', async () => {
    async function* finite() {
      for (let n = 1; n <= 5; n += 1) yield change(n);
      yield await Promise.resolve({ lastSeq: 9 });
    }
    const reader = new FeedReader(finite());
    await turns();
    expect(reader.take(3)).toMatchObject({ lastSeq: 3, ended: false });
    expect(reader.take(3)).toMatchObject({ changes: [{}, {}], lastSeq: 5, ended: true });
    expect(reader.take(3)).toMatchObject({ changes: [], lastSeq: 9, ended: true });
  });

  it('fails only after what had arrived was taken', async () => {
    async function* failing() {
      yield await Promise.resolve(change(1));
      throw new Error('cut');
    }
    const reader = new FeedReader(failing());
    await turns();
    expect(reader.take(10)).toMatchObject({ changes: [{ seq: 1 }] });
    expect(() => reader.take(10)).toThrow('cut');
  });

  it('gives nothing when nothing comes in time', async () => {
    const silent = Promise.withResolvers<undefined>();
    async function* quiet(): AsyncGenerator<FeedEvent> {
      await silent.promise;
      yield change(1);
    }
    const reader = new FeedReader(quiet());
    await reader.arrival(1);
    expect(reader.take(10)).toMatchObject({ changes: [], ended: false, idle: false });
    silent.resolve(undefined);
    await reader.arrival(1_000);
    expect(reader.take(10)).toMatchObject({ changes: [{ seq: 1 }] });
  });
});

describe('lines', () => {
  it('are the same however the bytes come', async () => {
    const bytes = new TextEncoder().encode('ü€\n\n😀x\nlast');
    for (let size = 1; size <= bytes.length; size += 1) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.slice(n * size, (n + 1) * size),
      );
      const lines: string[] = [];
      for await (const line of readLines(ReadableStream.from(chunks))) lines.push(line);
      expect(lines).toEqual(['ü€', '', '😀x', 'last']);
    }
  });
});
