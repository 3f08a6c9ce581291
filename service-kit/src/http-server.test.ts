import { Agent, request } from 'undici';
import { describe, expect, it } from 'vitest';
import { listen } from './http-server.ts';

const any = { host: '127.0.0.1', port: 0 };

describe('listen', () => {
  it('lets requests under way finish, and then closes their connections without waiting for the deadline', async () => {
    let finish = (): void => undefined;
    let arrived = (): void => undefined;
    const isHere = new Promise<void>((resolve) => (arrived = resolve));
    const server = await listen((_request, response) => {
      finish = () => response.end('done');
      arrived();
    }, any);
    await using agent = Object.assign(new Agent(), { [Symbol.asyncDispose]: () => agent.destroy() });
    const answer = request(server.url, { dispatcher: agent });
    await isHere;
    const closed = server.close(60_000);
    finish();
    expect(await (await answer).body.text()).toBe('done');
    await closed;
    await expect(request(server.url, { dispatcher: agent })).rejects.toThrow();
  });

  it('ends what does not finish', async () => {
    let arrived = (): void => undefined;
    const isHere = new Promise<void>((resolve) => (arrived = resolve));
    const server = await listen(() => arrived(), any);
    const answer = request(server.url).catch((error: unknown) => error);
    await isHere;
    await server.close(1);
    expect(await answer).toBeInstanceOf(Error);
  });

  it('fails when the port is taken', async () => {
    const server = await listen(() => undefined, any);
    await expect(
      listen(() => undefined, { ...any, port: Number(new URL(server.url).port) }),
    ).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await server.close(1);
  });
});
