import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { holdPorts } from './held-ports.ts';

it('holds ports that nobody else gets until they are let go', async () => {
  const held = await holdPorts(3);
  const [port] = held.ports;
  expect(new Set(held.ports).size).toBe(3);
  const early = createServer().listen(port, '127.0.0.1');
  expect(await once(early, 'error')).toMatchObject([{ code: 'EADDRINUSE' }]);
  await held[Symbol.asyncDispose]();
  await held[Symbol.asyncDispose]();
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  server.close();
});
