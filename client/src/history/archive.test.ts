import { mintMessageId } from '@restante/protocol';
import { expect, test } from 'vitest';
import { conversationWith } from '../vault/conversation-id.ts';
import type { Message } from '../vault/tables.ts';
import { archived, decodeArchive, encodeArchive } from './archive.ts';

const BOB = '22222222-1111-4111-8111-111111111111';
const idAt = (timeMs: number) => mintMessageId(timeMs, new Uint8Array(10).fill(7));
const AT = 1_800_000_000_000;
const text = (more: Partial<Message> = {}): Message => ({
  ...{ id: idAt(AT), conversation: conversationWith(BOB), direction: 'in', sentAt: AT, kind: 'text' },
  ...{ text: 'words', state: 'seen' },
  ...more,
});
const FULL = text({
  ...{ writtenAt: AT - 5, timer: 30, expiresAt: AT + 30_000, copies: 3, direction: 'out', state: 'read' },
  files: [
    {
      ...{ name: 'a.jpg', type: 'image/jpeg', size: 5, key: btoa('k'.repeat(32)), width: 4, height: 3 },
      ...{ preview: btoa('p'), blob: { id: idAt(AT), digest: btoa('d'.repeat(32)) } },
    },
  ],
  edited: { id: idAt(AT + 1), former: [{ id: idAt(AT), text: 'before' }] },
  replyTo: { author: BOB, id: idAt(AT - 9) },
  reactions: { [BOB]: { emoji: '👍', id: idAt(AT + 2) } },
  starred: { value: true, id: idAt(AT + 3) },
});
const packed = (...messages: readonly unknown[]): Uint8Array =>
  encodeArchive(
    { [BOB]: 'bob' },
    messages.map((each) => JSON.stringify(each)),
  );

test('a message comes out as it went in, with all that is known of it', () => {
  const all = [FULL, text({ kind: 'deleted', text: '' }), text({ kind: 'timer', text: '', timer: 60 })];
  expect(decodeArchive(packed(...all.map(archived)))).toEqual({
    names: { [BOB]: 'bob' },
    messages: all,
    unfit: 0,
  });
});

test('an archive of version 1 is read as it was written', () => {
  const recorded =
    '{"format":"restante-history","v":1,"names":{"22222222-1111-4111-8111-111111111111":"bob"},"messages":[' +
    '{"id":"01a3185c-5000-7707-8707-070707070707","conversation":"22222222-1111-4111-8111-111111111111",' +
    '"direction":"in","sentAt":1800000000000,"kind":"text","text":"words","state":"seen"}]}';
  expect(new TextDecoder().decode(packed(archived(text())))).toBe(recorded);
  expect(decodeArchive(new TextEncoder().encode(recorded)).messages).toEqual([text()]);
});

test('what is this device’s alone stays there', () => {
  expect(archived(text({ direction: 'out', state: 'queued' }))).toBeNull();
  expect(archived(text({ direction: 'out', state: 'failed', failure: 'not-found' }))).toBeNull();
  expect(archived(text({ kind: 'unknown' }))).toBeNull();
  const local = {
    ...FULL,
    failure: 'file-lost',
    files: [{ ...FULL.files![0]!, askedAt: 9 }],
    secret: 1,
  } as Message;
  expect(archived(local)).toEqual(archived(FULL));
});

test('a message that does not fit harms no other one', () => {
  const good = archived(text())!;
  const bad = [
    null,
    { ...good, id: 'x' },
    { ...good, conversation: '../etc' },
    { ...good, sentAt: -1 },
    { ...good, state: 'queued' },
    { ...good, files: [{ name: 'n' }] },
    { ...good, timer: 1e12 },
  ];
  expect(decodeArchive(packed(...bad, good))).toMatchObject({ messages: [text()], unfit: bad.length });
});

test('what a later version adds to a message is ignored; names of files are as they may be shown', () => {
  const file = { ...FULL.files![0]!, name: '../\u202Egpj.exe' };
  const later = { ...archived({ ...FULL, files: [file] })!, mood: 'good' };
  const [message] = decodeArchive(packed(later)).messages;
  expect(message).toEqual({ ...FULL, files: [{ ...file, name: '_gpj.exe' }] });
});

test('what is no archive of this version is refused', () => {
  const encoder = new TextEncoder();
  for (const bytes of [
    new Uint8Array([0xff]),
    encoder.encode('[]'),
    encoder.encode('{"format":"restante-history","v":2,"names":{},"messages":[]}'),
    packed(archived(text())).slice(0, -2),
  ])
    expect(() => decodeArchive(bytes)).toThrow(expect.objectContaining({ code: 'bad-history' }));
});
