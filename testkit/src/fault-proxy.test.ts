import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts';
import { waitFor } from './wait-for.ts';

/** A server that answers each chunk with itself in capitals. */
const startEcho = async () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => socket.write(chunk.toString().toUpperCase()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    stop: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const open = async (proxy: FaultProxy) => {
  const { hostname, port } = new URL(proxy.url);
  const socket = connect(Number(port), hostname);
  const heard = { text: '', closed: false };
  socket.on('data', (chunk) => (heard.text += chunk.toString()));
  socket.on('close', () => (heard.closed = true));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return { socket, heard };
};

describe('the fault proxy', () => {
  let echo: Awaited<ReturnType<typeof startEcho>>;
  let proxy: FaultProxy;

  beforeEach(async () => {
    echo = await startEcho();
    proxy = await startFaultProxy(echo.url);
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await echo.stop();
  });

  it('passes bytes both ways', async () => {
    const { socket, heard } = await open(proxy);
    socket.write('hello');
    await waitFor('the echo', () => heard.text === 'HELLO');
  });

  it('changes one bit in each piece, both ways, and shows what came', async () => {
    const seen: string[] = [];
    await using tapped = await startFaultProxy(echo.url, ({ connection, toServer, bytes }) =>
      seen.push(`${connection} ${toServer ? '>' : '<'} ${bytes.toString()}`),
    );
    tapped.set('falsified');
    const { socket, heard } = await open(tapped);
    socket.write('hello');
    await waitFor('the echo', () => heard.text.length === 5);
    // The middle letter, changed on the way there, made a capital, and changed back on the way here.
    expect(seen).toEqual(['0 > hello', '0 < HEMLO']);
    expect(heard.text).toBe('HELLO');
  });

  it('cuts what is there and takes new connections', async () => {
    const first = await open(proxy);
    await waitFor('the server to see it', () => echo.sockets.size === 1);
    proxy.cut();
    await waitFor('the end', () => first.heard.closed);
    const second = await open(proxy);
    second.socket.write('again');
    await waitFor('the echo', () => second.heard.text === 'AGAIN');
  });

  it('refuses', async () => {
    proxy.set('refuse');
    const { port } = new URL(proxy.url);
    const socket = connect(Number(port), '127.0.0.1');
    const [error] = (await once(socket, 'close').catch((reason: unknown) => [reason])) as [unknown];
    expect(error).toMatchObject({ code: 'ECONNRESET' });
    expect(echo.sockets.size).toBe(0);
  });

  it('stalls without loss', async () => {
    const stalled = await open(proxy);
    stalled.socket.write('one');
    await waitFor('the echo', () => stalled.heard.text === 'ONE');
    proxy.set('stall');
    stalled.socket.write('two');
    const other = await startFaultProxy(echo.url);
    const witness = await open(other);
    witness.socket.write('later');
    await waitFor('a later exchange elsewhere', () => witness.heard.text === 'LATER');
    expect(stalled.heard).toEqual({ text: 'ONE', closed: false });
    proxy.set('pass');
    await waitFor('the rest', () => stalled.heard.text === 'ONETWO');
    await other[Symbol.asyncDispose]();
  });

  it('loses what a half-open client sends, and tells nobody', async () => {
    const { socket, heard } = await open(proxy);
    socket.write('one');
    await waitFor('the echo', () => heard.text === 'ONE');
    proxy.set('half-open');
    socket.write('lost');
    [...echo.sockets][0]!.write('from the server');
    await waitFor('what the server says', () => heard.text === 'ONEfrom the server');
    socket.destroy();
    await waitFor('the client to be gone', () => heard.closed);
    expect([...echo.sockets][0]!.destroyed).toBe(false);
  });

  it('carries out what is asked one way, and loses the answers', async () => {
    const { socket, heard } = await open(proxy);
    proxy.set('one-way');
    await waitFor('the server to see it', () => echo.sockets.size === 1);
    socket.write('asked');
    const [asked] = (await once([...echo.sockets][0]!, 'data')) as [Buffer];
    expect(asked.toString()).toBe('asked');
    expect(heard).toEqual({ text: '', closed: false });
    proxy.set('pass');
    await waitFor('the end of what has a hole', () => heard.closed);
    expect(heard.text).toBe('');
    const second = await open(proxy);
    second.socket.write('again');
    await waitFor('the echo', () => second.heard.text === 'AGAIN');
  });

  it('puts another program in the place of the server, for new connections', async () => {
    const { socket, heard } = await open(proxy);
    await waitFor('the server to see it', () => echo.sockets.size === 1);
    proxy.set('not-there');
    const answer = await fetch(proxy.url, { method: 'POST', body: 'x'.repeat(100_000) });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'not-found' });
    socket.write('still there');
    await waitFor('the echo', () => heard.text === 'STILL THERE');
    expect(echo.sockets.size).toBe(1);
  });

  it('is slow: late, in order, as many bytes a second as it is told, and all of it at once when it ends', async () => {
    const latencyMs = 50;
    const { socket, heard } = await open(proxy);
    proxy.set({ latencyMs, bytesPerSecond: 1_000 });
    const begunAt = performance.now();
    socket.write('x'.repeat(50));
    await waitFor('the first of it', () => heard.text.length === 50);
    // Each way: 50 ms for the way and 50 ms for the bytes; timers are a little early.
    expect(performance.now() - begunAt).toBeGreaterThan(4 * latencyMs - 10);
    socket.write('y'.repeat(100_000));
    socket.write('z');
    await waitFor('the server to be far behind', () => socket.bytesWritten === 100_051);
    expect(heard.text.length).toBe(50);
    proxy.set('pass');
    await waitFor('the rest', () => heard.text.length === 100_051);
    expect(heard.text.endsWith('YZ')).toBe(true);
  });

  it('ends a slow connection after what was said on it', async () => {
    proxy.set({ latencyMs: 20, bytesPerSecond: 1_000_000 });
    const { heard } = await open(proxy);
    await waitFor('the server to see it', () => echo.sockets.size === 1);
    [...echo.sockets][0]!.end('the last word');
    await waitFor('the end', () => heard.closed);
    expect(heard.text).toBe('the last word');
    await waitFor('nothing to be left of it', () => proxy.connections() === 0);
  });

  it('breaks connections in the middle, at the same bytes for the same seed', async () => {
    const lengths = async (seed: number): Promise<number[]> => {
      proxy.set({ seed, meanBytes: 200 });
      const found: number[] = [];
      for (let connection = 0; connection < 5; connection += 1) {
        const { socket, heard } = await open(proxy);
        // Nobody answers: what is counted is what has been asked.
        let length = 0;
        await waitFor('the server to see it', () => echo.sockets.size === 1);
        const [served] = echo.sockets;
        served!.removeAllListeners('data');
        served!.on('data', (chunk) => (length += chunk.length));
        socket.write('x'.repeat(1_000));
        await waitFor('the end of both', () => heard.closed && served!.destroyed);
        echo.sockets.delete(served!);
        found.push(length);
      }
      return found;
    };
    const drawn = await lengths(1);
    expect(await lengths(1)).toEqual(drawn);
    expect(await lengths(2)).not.toEqual(drawn);
    expect(drawn.every((length) => length < 400)).toBe(true);
    proxy.set('pass');
    const { socket, heard } = await open(proxy);
    socket.write('x'.repeat(1_000));
    await waitFor('all of it', () => heard.text.length === 1_000);
  });
});
