import { describe, expect, test } from 'vitest';
import { createServers, readServers, type Servers } from './servers.ts';

const [A, B, C] = ['https://a.example.org', 'https://b.example.org', 'https://c.example.org'] as const;
const forever = new AbortController().signal;

type Word = 'ok' | 'degraded' | 'away' | 'silent';

/** Servers that answer so; also those that were asked, in their order. */
const serversOf = (words: Readonly<Record<string, Word>>, given: readonly string[] = [A]) => {
  const asked: string[] = [];
  const servers: Servers = createServers({
    given,
    named: () => Object.keys(words),
    ask: (origin, signal) => {
      asked.push(origin);
      const word = words[origin];
      if (word === 'ok' || word === 'degraded') return Promise.resolve(word);
      if (word === 'away') return Promise.reject(new Error('away'));
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('silent'))));
    },
    monotonic: () => 0,
  });
  return { servers, asked };
};

describe('the server that is chosen', () => {
  test('is the usual one while it is well, and no other one is asked', async () => {
    const { servers, asked } = serversOf({ [A]: 'ok', [B]: 'ok', [C]: 'ok' });
    expect(await servers.choose(forever)).toBe(A);
    expect(asked).toEqual([A]);
  });

  test.each(['away', 'silent', 'degraded'] as const)(
    'is another one when the usual one is %s',
    async (word) => {
      const { servers } = serversOf({ [A]: word, [B]: 'away', [C]: 'ok' });
      expect(await servers.choose(forever)).toBe(C);
      expect(servers.inOrder()[0]).toBe(C);
      expect(servers.usual()).toBe(A);
    },
  );

  test('is a degraded one when none is better off', async () => {
    const { servers } = serversOf({ [A]: 'away', [B]: 'degraded', [C]: 'away' });
    expect(await servers.choose(forever)).toBe(B);
  });

  test('is none when all are away', async () => {
    expect(await serversOf({ [A]: 'away', [B]: 'away' }).servers.choose(forever)).toBeNull();
  });

  test('is not asked when there is one alone', async () => {
    const { servers, asked } = serversOf({ [A]: 'away' });
    expect(await servers.choose(forever)).toBe(A);
    expect(asked).toEqual([]);
  });

  test('is not the one that has let a connection down, whatever it says of itself', async () => {
    const { servers } = serversOf({ [A]: 'ok', [B]: 'ok' });
    servers.avoid(A);
    expect(await servers.choose(forever)).toBe(B);
    servers.avoid(B);
    expect(await servers.choose(forever)).toBe(A);
  });

  test('is told from one that has just been left', async () => {
    const { servers } = serversOf({ [A]: 'ok', [B]: 'ok' });
    expect(servers.isLeft(A)).toBe(false);
    servers.avoid(A);
    await servers.choose(forever);
    expect([servers.isLeft(A), servers.isLeft(B)]).toEqual([true, false]);
    servers.take(A);
    expect(servers.isLeft(A)).toBe(false);
  });

  test('is drawn by each messenger for itself', async () => {
    const chosen = new Set<string | null>();
    for (let people = 0; chosen.size < 2; people += 1) {
      expect(people).toBeLessThan(1_000);
      chosen.add(await serversOf({ [A]: 'away', [B]: 'ok', [C]: 'ok' }).servers.choose(forever));
    }
    expect(chosen).toEqual(new Set([B, C]));
  });
});

describe('a list of servers', () => {
  test('is taken with each of its origins once', () => {
    expect(readServers([A, B, A], A)).toEqual([A, B]);
    expect(readServers(['http://127.0.0.1:8080'], 'http://127.0.0.1:8080')).toHaveLength(1);
  });

  test.each<[string, readonly string[]]>([
    ['is empty', []],
    ['is too long', Array.from({ length: 17 }, (_, index) => `https://${index}.example.org`)],
    ['names what is no origin', [A, `${B}/path`]],
    ['names what is no origin', ['https://name:password@b.example.org']],
    ['names what is no origin', ['ftp://b.example.org']],
    ['names what is no origin', ['b.example.org']],
    ['names one without TLS', [A, 'http://b.example.org']],
  ])('that %s is refused by name', (why, list) => {
    expect(() => readServers(list, A)).toThrow(
      expect.objectContaining({ code: 'servers-refused', message: expect.stringContaining(why) as string }),
    );
  });
});

test('a server that is named no more is not gone back to: whichever is taken is the usual one', async () => {
  const { servers } = serversOf({ [B]: 'away', [C]: 'ok' });
  expect(servers.usual()).toBe(A);
  expect(await servers.choose(forever)).toBe(C);
  expect(servers.usual()).toBe(C);
  // It is asked first all the same: it may be another name of one of them.
  const { servers: again } = serversOf({ [A]: 'ok', [B]: 'ok' });
  expect(await again.choose(forever)).toBe(A);
});

describe('a server that leaves questions without an answer', () => {
  const isOutdone = (words: Readonly<Record<string, Word>>) => serversOf(words).servers.isOutdone(A, forever);

  test.each(['silent', 'away'] as const)('(%s) is outdone by one that answers', async (word) => {
    expect(await isOutdone({ [A]: word, [B]: 'silent', [C]: 'ok' })).toBe(true);
  });

  test('is not when nobody answers: the network may be to blame', async () => {
    expect(await isOutdone({ [A]: 'silent', [B]: 'silent', [C]: 'away' })).toBe(false);
    expect(await isOutdone({ [A]: 'silent' })).toBe(false);
  });

  test.each(['ok', 'degraded'] as const)('is not when it is %s', async (word) => {
    expect(await isOutdone({ [A]: word, [B]: 'ok' })).toBe(false);
  });
});
