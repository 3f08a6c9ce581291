import express from 'express';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JsonStream, StreamCut } from './json-stream.ts';

const chunk = 'x'.repeat(64 * 1024);
let resources: AsyncDisposableStack;
beforeEach(() => {
  resources = new AsyncDisposableStack();
});
afterEach(() => resources.disposeAsync());

/** A server that streams without an end, and a reader that takes nothing until it is told to. */
async function startStream() {
  let written = 0;
  const ended = Promise.withResolvers<unknown>();
  const app = express();
  app.get('/', async (_request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const stream = new JsonStream(response, gone.signal);
    try {
      await stream.start();
      for (;;) {
        await stream.write(chunk);
        written += chunk.length;
      }
    } catch (failure) {
      ended.resolve(failure);
    }
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  resources.defer(() => void server.close());
  const asking = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }).end();
  const [reader] = (await once(asking, 'response')) as [IncomingMessage];
  reader.on('error', () => undefined);
  return { reader, ended: ended.promise, written: () => written };
}

/** What has been written when the server has come to a stand. */
async function settled(written: () => number): Promise<number> {
  for (let before = -1; ;) {
    const now = written();
    if (now === before) return now;
    before = now;
    for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
  }
}

describe('a streamed answer', () => {
  it('waits for its reader, holding no more than the sockets do', async () => {
    const { reader, written } = await startStream();
    const held = await settled(written);
    expect(held).toBeLessThan(32 * 1024 * 1024);
    reader.resume();
    while (written() < held + 16 * 1024 * 1024) await new Promise(setImmediate);
    reader.destroy();
  });

  it('ends when its reader goes away', async () => {
    const { reader, ended, written } = await startStream();
    await settled(written);
    reader.destroy();
    expect(await ended).toBeInstanceOf(StreamCut);
  });
});
