import { mintBlobId } from '@restante/protocol';
import { createHttpApp, createLog, listen } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import { expect, test } from 'vitest';
import { createByteBudget } from '../mail/byte-budget.ts';
import { blobRoutes } from './blobs.ts';

const blob = mintBlobId(Date.now(), new Uint8Array(10));

test.each(['its ticket is checked', 'the part is read'])(
  'a request that breaks off while %s leaves no room taken',
  async (when) => {
    const budget = createByteBudget(64 * 1024 * 1024);
    const reached: string[] = [];
    const { promise: gate, resolve: go } = Promise.withResolvers<undefined>();
    const step = async (name: string): Promise<void> => {
      reached.push(name);
      if (name === when) await gate;
    };
    let over = 0;
    const app = createHttpApp(
      createLog('test', 'silent'),
      (routes) => {
        blobRoutes(routes, {
          budget,
          tokens: {
            blob: async () => {
              await step('its ticket is checked');
              return { blob, bytes: null };
            },
          },
          store: {
            put: () => Promise.reject(new Error('not asked')),
            parts: () => Promise.resolve([]),
            get: async () => {
              await step('the part is read');
              return Buffer.from('part');
            },
          },
          places: null,
          copies: {
            spread: () => ({ copies: Promise.resolve(1), done: Promise.resolve() }),
            [Symbol.asyncDispose]: () => Promise.resolve(),
          },
          rateLimit: () => Promise.resolve(),
        });
      },
      { onAnswer: () => void (over += 1) },
    );
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    try {
      const gone = new AbortController();
      const asked = fetch(`${server.url}/blobs/${blob}/0`, {
        headers: { authorization: 'Bearer a.b.c' },
        signal: gone.signal,
      });
      await waitFor(when, () => reached.includes(when));
      gone.abort();
      await expect(asked).rejects.toThrow();
      await waitFor('the end of it', () => over === 1);
      if (when === 'the part is read') expect(budget.usedBytes()).toBeGreaterThan(0);
      go(undefined);
      // Answered after whatever was still to be done for that one.
      await fetch(`${server.url}/blobs/${blob}`, { headers: { authorization: 'Bearer a.b.c' } });
      expect(budget.usedBytes()).toBe(0);
    } finally {
      await server.close(1_000);
    }
  },
);
