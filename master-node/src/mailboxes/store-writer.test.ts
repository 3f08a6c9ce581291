import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { LIMITS, VERSIONS } from '@restante/protocol';
import { listen, MAX_REQUEST_IDS, REQUEST_ID, type HttpServer } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import { createMetrics } from '../metrics.ts';
import { silentLog } from '../testing/test-directory.model.ts';
import { connectMailboxNode, type MailboxNode } from './mailbox-node.ts';
import { createStoreWriter, type StoreWriter } from './store-writer.ts';

type Pending = {
  readonly envelopes: unknown[];
  readonly bytes: number;
  readonly requestIds: readonly string[];
  answer: (status?: number, body?: unknown) => void;
};

/** A mailbox node that answers when and how the test says. */
describe('the writer of one mailbox node', () => {
  let cleanup: AsyncDisposableStack;
  let server: HttpServer;
  let node: MailboxNode;
  let writer: StoreWriter;
  let requests: Pending[];
  let isReady: boolean;
  let said: { readonly ready?: boolean; readonly time?: number | null };
  let times: (number | null)[];

  const start = async (timeoutMs = 60_000): Promise<void> => {
    cleanup = new AsyncDisposableStack();
    requests = [];
    isReady = true;
    said = {};
    times = [];
    const listener: RequestListener = (request, response) => {
      if (request.url === '/ready') {
        response.writeHead(isReady ? 200 : 503).end(JSON.stringify(said));
        return;
      }
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const { envelopes } = JSON.parse(text) as { envelopes: unknown[] };
        const stored = { results: envelopes.map(() => ({ status: 'stored' })) };
        requests.push({
          envelopes,
          requestIds: String(request.headers[REQUEST_ID]).split(','),
          bytes: Buffer.byteLength(text),
          answer: (status = 200, body = stored) => {
            response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
          },
        });
      });
    };
    server = await listen(listener, { host: '127.0.0.1', port: 0 });
    cleanup.defer(() => server.close(0));
    const metrics = createMetrics(['node']);
    const target = { name: 'node', url: server.url, publicUrl: '/node' };
    node = cleanup.use(
      connectMailboxNode(target, {
        ...{ timeoutMs, versions: VERSIONS, log: silentLog, metrics },
        onTime: (timeMs) => void times.push(timeMs),
      }),
    );
    writer = createStoreWriter(node, { token: () => Promise.resolve('t'), log: silentLog, metrics });
  };
  afterEach(() => cleanup.disposeAsync());

  const store = (envelopes: readonly string[], requestId = 'request') => writer.store(envelopes, requestId);
  const text = (value: string | number): string => JSON.stringify(value);
  const arrived = (count: number) => waitFor(`${count} requests`, () => requests.length === count);

  it('gathers what arrives while requests are under way, and keeps order and results apart', async () => {
    await start();
    const first = [1, 2].map((value) => store([text(value)]));
    await arrived(1);
    expect(requests[0]!.envelopes).toEqual([1, 2]);
    const second = store([text(3)]);
    await arrived(2);
    const rest = [store([text(4), text(5)]), store([text(6)])];
    requests[1]!.answer();
    await second;
    await arrived(3);
    expect(requests[2]!.envelopes).toEqual([4, 5, 6]);
    const refused = { status: 'refused', code: 'mailbox-full' };
    requests[2]!.answer(200, { results: [{ status: 'stored' }, refused, { status: 'stored' }] });
    expect(await rest[0]).toEqual([{ status: 'stored' }, refused]);
    expect(await rest[1]).toEqual([{ status: 'stored' }]);
    requests[0]!.answer();
    await Promise.all(first);
  });

  it('names the requests that a batch is made of, the first few of many', async () => {
    await start();
    const ids = Array.from({ length: MAX_REQUEST_IDS + 5 }, (_, index) => `connection.${index + 1}`);
    const stored = Promise.all(ids.map((id) => store([text(id)], id)));
    await arrived(1);
    expect(requests[0]!.envelopes).toHaveLength(ids.length);
    expect(requests[0]!.requestIds).toEqual(ids.slice(0, MAX_REQUEST_IDS));
    requests[0]!.answer();
    await stored;
  });

  it('keeps requests within the protocol\u2019s bounds, and never splits a send', async () => {
    await start();
    const payload = 'x'.repeat(60_000);
    const sends = Array.from({ length: 40 }, () => store(Array<string>(7).fill(text(payload))));
    let answered = 0;
    const settled = Promise.all(sends).then(() => true);
    while (answered < 40 * 7) {
      await waitFor('a request', () => requests.length > 0);
      const request = requests.shift()!;
      expect(request.envelopes.length).toBeLessThanOrEqual(LIMITS.envelopesPerStore);
      expect(request.bytes).toBeLessThanOrEqual(LIMITS.storeBodyBytes);
      expect(request.envelopes.length % 7).toBe(0);
      answered += request.envelopes.length;
      request.answer();
    }
    expect(await settled).toBe(true);
  });

  it('refuses what is over the bound of its queue', async () => {
    await start();
    const megabyte = text('x'.repeat(1024 * 1024));
    let refused = 0;
    const sends = Array.from({ length: 80 }, () => store([megabyte]));
    const settled = Promise.allSettled(sends.map((send) => send.catch(() => (refused += 1))));
    await arrived(2);
    expect(refused).toBeGreaterThanOrEqual(16);
    expect(refused).toBeLessThan(20);
    await server.close(0);
    await settled;
    expect(refused).toBe(80);
  });

  it.each([
    ['a server error', 503, {}],
    ['a body that is no answer', 200, { results: 'none' }],
    ['too few results', 200, { results: [] }],
    ['a refusal', 401, {}],
  ])('fails the batch on %s', async (_what, status, body) => {
    await start();
    const stored = store([text(1)]);
    await arrived(1);
    requests[0]!.answer(status, body);
    await expect(stored).rejects.toMatchObject({ code: 'unavailable' });
    expect(node.isUp()).toBe(status !== 503);
  });

  it('tells when the node takes its token for one of another time', async () => {
    await start();
    const stored = store([text(1)]);
    await arrived(1);
    requests[0]!.answer(401, { code: 'token-expired', message: 'the token is of a time to come' });
    await expect(stored).rejects.toMatchObject({ code: 'token-expired' });
    expect(node.isUp()).toBe(true);
  });

  it('hears what the node says of the time, and that it says nothing', async () => {
    await start();
    await waitFor('an answer of an earlier version', () => times.at(-1) === null);
    isReady = false;
    said = { ready: false, time: 1_767_225_600_000 };
    requests.length = 0;
    const stored = store([text(1)]);
    await arrived(1);
    requests[0]!.answer(503, {});
    await expect(stored).rejects.toMatchObject({ code: 'unavailable' });
    await waitFor('the time', () => times.at(-1) === said.time);
    said = { ready: false, time: null };
    await waitFor('none', () => times.at(-1) === null);
  });

  it('fails at once what waits for a node that times out, and tries again once it is ready', async () => {
    await start(300);
    isReady = false;
    const waiting = [1, 2, 3].map((value) => store([text(value)]));
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'unavailable' });
    expect(node.isUp()).toBe(false);
    const before = requests.length;
    await expect(store([text(4)])).rejects.toMatchObject({ code: 'unavailable' });
    expect(requests).toHaveLength(before);
    isReady = true;
    await waitFor('the node to be up', () => node.isUp());
    const again = store([text(5)]);
    await arrived(before + 1);
    requests[before]!.answer();
    expect(await again).toEqual([{ status: 'stored' }]);
  });
});
