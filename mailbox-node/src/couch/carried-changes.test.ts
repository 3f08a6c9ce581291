import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it } from 'vitest';
import { carriedChanges } from './carried-changes.ts';
import { createPassage } from './passage.ts';

it('lets go of its CouchDB when its reader has gone, also of one that has nothing to tell', async () => {
  const listens = Promise.withResolvers<Socket>();
  const store = createServer((request, response) => {
    if (request.url?.includes('feed=longpoll') !== true) {
      response.end('{"results":[],"last_seq":"1-x"}');
      return;
    }
    const beats = setInterval(() => response.write('\n'), 1_000);
    response.on('close', () => clearInterval(beats));
    listens.resolve(request.socket);
  });
  await once(store.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(store.address() as AddressInfo).port}`;
  await using passage = createPassage({ url, username: 'node', password: 'secret' });
  const reader = new AbortController();
  const { signal } = reader;
  const lines = carriedChanges({ passage, database: 'messages-20261123', since: '0', patienceMs: 0, signal });
  expect(await lines.next()).toMatchObject({ value: '\n' });
  const silent = lines.next();
  const closed = once(await listens.promise, 'close');
  reader.abort();
  await expect(silent).rejects.toThrow('the store does not answer');
  await closed;
  store.close();
});
