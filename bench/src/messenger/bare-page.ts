import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LIMITS } from '@restante/protocol';
import { launchChromium } from '@restante/testkit/browser';
import type { Browser } from 'playwright-core';

/** A page with nothing in it that puts a file in parts by `fetch`, as bytes, and gets as many: what a browser takes for that alone. */
export type BarePage = AsyncDisposable & {
  readonly browser: Browser;
  readonly put: (file: string) => Promise<void>;
  readonly get: (parts: number) => Promise<void>;
};

const PART_BYTES = LIMITS.blobPartBytes;

/** As many at a time as the messenger has under way. */
const inLanes = (lanes: number, work: string): string => `async (parts) => {
  let next = 0;
  await Promise.all(Array.from({ length: ${lanes} }, async () => {
    for (let part = next++; part < parts; part = next++) ${work}
  }));
}`;
const PUT = `{
  const bytes = await file.slice(part * ${PART_BYTES}, (part + 1) * ${PART_BYTES}).arrayBuffer();
  await fetch('/part', { method: 'PUT', body: bytes });
}`;
const GET = `await (await fetch('/part')).arrayBuffer();`;

export const startBarePage = async (): Promise<BarePage> => {
  await using starting = new AsyncDisposableStack();
  const part = randomBytes(PART_BYTES);
  const server = createServer((request, response) => {
    if (request.method === 'PUT') {
      request.resume().on('end', () => response.writeHead(204).end());
      return;
    }
    const isPart = request.url === '/part';
    response.setHeader('content-type', isPart ? 'application/octet-stream' : 'text/html');
    response.end(isPart ? part : '<!doctype html><input type="file">');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  starting.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const browser = starting.adopt(await launchChromium(), (opened) => opened.close());
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const cleanup = starting.move();
  return {
    browser,
    put: async (file) => {
      await page.locator('input').setInputFiles(file);
      await page.evaluate(`(async () => {
        const [file] = document.querySelector('input').files;
        await (${inLanes(3, PUT)})(Math.ceil(file.size / ${PART_BYTES}));
      })()`);
    },
    get: async (parts) => {
      await page.evaluate(`(${inLanes(2, GET)})(${parts})`);
    },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
};
