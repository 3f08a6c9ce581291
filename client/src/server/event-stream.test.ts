import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventStream, type StreamEvent } from './event-stream.ts';

const collect = async (text: string, cuts: readonly number[], max = 1_000_000): Promise<StreamEvent[]> => {
  const bytes = new TextEncoder().encode(text);
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  async function* chunks() {
    let start = 0;
    for (const end of ends) {
      yield await Promise.resolve(bytes.subarray(start, end));
      start = end;
    }
  }
  const events = [];
  for await (const event of eventStream(chunks(), max)) events.push(event);
  return events;
};

test('events are the same however the bytes are cut', async () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ name: fc.constantFrom('envelope', 'other'), data: line })),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.nat()),
      async (events, end, cuts) => {
        const text = events.map(({ name, data }) => `event: ${name}${end}data: ${data}${end}${end}`).join('');
        // A bare carriage return at the very end is only known to be a line end by what follows.
        const told = await collect(`${text}:${end}`, cuts);
        expect(told.filter(({ name }) => name !== 'comment')).toEqual(events);
      },
    ),
  );
});

test('comments are told, unfinished events are not', async () => {
  expect(await collect(': beat\n\ndata: whole\n\nevent: envelope\ndata: half', [])).toEqual([
    { name: 'comment', data: '' },
    { name: 'message', data: 'whole' },
  ]);
});

test('an event without end is refused at the bound', async () => {
  await expect(collect(`data: ${'x'.repeat(200)}`, [50, 100, 150], 120)).rejects.toThrow('too large');
});
