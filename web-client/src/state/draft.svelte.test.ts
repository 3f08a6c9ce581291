import type { ConversationId } from '@restante/client';
import { conversationWith } from '@restante/client/conversation-id';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createUnsavedDrafts } from '../services/unsaved-drafts.ts';
import { Draft } from './draft.svelte.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const ANNA = conversationWith('anna');

const memoryStorage = () => {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    key: (at: number) => [...items.keys()][at] ?? null,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
};

const start = (saved = '', unsaved = createUnsavedDrafts(memoryStorage(), () => true)) => {
  const kept: string[] = [];
  const calls = {
    setDraft: (conversation: ConversationId, text: string) => {
      kept.push(`${conversation}: ${text}`);
      return Promise.resolve();
    },
  };
  return { draft: new Draft({ calls, unsaved, conversation: ANNA, saved }), kept };
};

test('begins with what was kept, and is kept again and again while it is written', () => {
  const { draft, kept } = start('Hel');
  expect(draft.text).toBe('Hel');
  draft.write('Hell');
  expect(kept).toEqual(['anna: Hell']);
  draft.write('Hello');
  draft.write('Hello!');
  vi.advanceTimersByTime(399);
  expect(kept).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(kept).toEqual(['anna: Hell', 'anna: Hello!']);
  vi.runAllTimers();
  expect(kept).toHaveLength(2);
});

test('is kept at once when it is left, and only when it has changed', () => {
  const { draft, kept } = start();
  draft.write(' ');
  draft.write(' Hi ');
  draft.save();
  draft.save();
  vi.runAllTimers();
  expect(kept).toEqual(['anna:  ', 'anna:  Hi ']);
});

test('what is sent is gone from the box at once, and from what is kept together with becoming a message', async () => {
  const { draft, kept } = start('Hello');
  const rests: string[] = [];
  await draft.sendBy((_, rest) => Promise.resolve(rests.push(rest)));
  expect(draft.text).toBe('');
  expect(rests).toEqual(['']);
  expect(kept).toEqual([]);
});

test('what is written while a text is being sent is kept with it', async () => {
  const { draft, kept } = start('Hello');
  const sent = Promise.withResolvers<undefined>();
  const texts: string[] = [];
  const sending = draft.sendBy((text) => {
    texts.push(text);
    return sent.promise;
  });
  expect(texts).toEqual(['Hello']);
  expect(draft.text).toBe('');
  expect(kept).toEqual([]);
  draft.write('More');
  expect(kept).toEqual(['anna: Hello\nMore']);
  sent.resolve(undefined);
  await sending;
  expect(draft.text).toBe('More');
  expect(kept).toEqual(['anna: Hello\nMore', 'anna: More']);
});

test('a text that was not sent is in the box again, before what was written meanwhile', async () => {
  const { draft, kept } = start('Hello');
  const refused = draft.sendBy(() => Promise.reject(new Error('refused')));
  draft.write('More');
  await expect(refused).rejects.toThrow('refused');
  expect(draft.text).toBe('Hello\nMore');
  expect(kept).toEqual(['anna: Hello\nMore']);
  vi.runAllTimers();
  expect(kept).toHaveLength(1);
});

test('of two that are sent, only the one that was refused is in the box again', async () => {
  const { draft, kept } = start('first');
  const first = Promise.withResolvers<undefined>();
  const second = Promise.withResolvers<undefined>();
  const refused = draft.sendBy(() => first.promise);
  draft.write('second');
  const sent = draft.sendBy((_, rest) => {
    expect(rest).toBe('first');
    return second.promise;
  });
  first.reject(new Error('refused'));
  await expect(refused).rejects.toThrow('refused');
  expect(draft.text).toBe('first');
  expect(kept.at(-1)).toBe('anna: second\nfirst');
  second.resolve(undefined);
  await sent;
  expect(draft.text).toBe('first');
  expect(kept.at(-1)).toBe('anna: first');
});

test('one that could not be kept is tried again', async () => {
  const calls: string[] = [];
  const setDraft = (_: string, text: string): Promise<void> => {
    calls.push(text);
    return calls.length === 1 ? Promise.reject(new Error('closed')) : Promise.resolve();
  };
  const unsaved = createUnsavedDrafts(memoryStorage(), () => true);
  const draft = new Draft({ calls: { setDraft }, unsaved, conversation: ANNA, saved: '' });
  draft.write('Hello');
  draft.save();
  await Promise.resolve();
  draft.save();
  expect(calls).toEqual(['Hello', 'Hello']);
});

describe('a page that goes', () => {
  /** Nobody carries out what it asks for. */
  const page = (saved: string, unsaved = createUnsavedDrafts(memoryStorage(), () => true)) => {
    const answers: (() => void)[] = [];
    const setDraft = (): Promise<void> =>
      new Promise((resolve) => {
        answers.push(resolve);
      });
    return {
      unsaved,
      answers,
      draft: new Draft({ calls: { setDraft }, unsaved, conversation: ANNA, saved }),
    };
  };

  test('leaves the last letters to the next one, once, which saves them', async () => {
    const { draft, unsaved } = page('Hel');
    draft.write('Hell');
    draft.write('Hello!');
    draft.leave();
    const next = start('Hel', unsaved);
    expect(next.draft.text).toBe('Hello!');
    expect(next.kept).toEqual(['anna: Hello!']);
    await Promise.resolve();
    expect(start('Hel', unsaved).draft.text).toBe('Hel');
  });

  test('leaves them also when the vault had got further', () => {
    const { draft, unsaved } = page('');
    draft.write('H');
    draft.write('He');
    draft.leave();
    expect(start('He', unsaved).draft.text).toBe('He');
    draft.write('Hel');
    draft.leave();
    expect(start('He', unsaved).draft.text).toBe('Hel');
  });

  test('leaves nothing when all of it has been saved, also where it comes back', async () => {
    const { draft, unsaved, answers } = page('');
    draft.write('Hello');
    draft.leave();
    answers[0]?.();
    await Promise.resolve();
    draft.leave();
    expect(unsaved.take(ANNA, '')).toBeNull();
  });

  test('does not bring back what has become a message meanwhile', async () => {
    const { draft, unsaved, answers } = page('');
    draft.write('Hello');
    answers[0]?.();
    await Promise.resolve();
    void draft.sendBy(() => new Promise(() => undefined));
    draft.leave();
    // The vault had taken the text, and the message too before the worker ended.
    expect(start('', unsaved).draft.text).toBe('');
  });

  test('leaves to other conversations, and to another account, nothing', () => {
    const { draft, unsaved } = page('');
    draft.write('Hello');
    draft.leave();
    expect(unsaved.take(conversationWith('bob'), '')).toBeNull();
    unsaved.forgetAll();
    expect(unsaved.take(ANNA, '')).toBeNull();
  });
});
