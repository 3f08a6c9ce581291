import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS, type Upstream } from '@restante/protocol';
import { startFaultProxy, waitFor } from '@restante/testkit';
import type { MasterNode } from '../index.ts';
import { createLocalBus } from '../live/local-bus.ts';
import {
  call,
  connect,
  envelopeFor,
  login,
  metric,
  mintId,
  randomKeys,
  recipient,
  register,
  type TestDevice,
  type TestSocket,
} from '../testing/test-device.model.ts';
import { startTestNodes, type TestNodes } from '../testing/test-nodes.model.ts';

/** Writes a frame that nothing answers, and waits until it has been taken. */
const says = async (socket: TestSocket, frame: Upstream): Promise<void> => {
  const pongs = socket.heard('pong').length;
  socket.write(frame);
  socket.write({ type: 'ping' });
  await socket.hears('pong', pongs + 1);
};

describe('a connection', () => {
  let nodes: TestNodes;
  let master: MasterNode;
  let alice: TestDevice;

  beforeAll(async () => {
    nodes = await startTestNodes();
    master = await nodes.master();
    alice = await register(master.url);
  });
  afterAll(() => nodes[Symbol.asyncDispose]());

  describe('with bad frames', () => {
    it.each([
      ['{', undefined],
      ['null', ''],
      ['[]', ''],
      ['{"type":"unknown"}', 'type'],
      ['{"type":"ping","more":1}', ''],
      ['{"type":"typing","to":7,"active":true}', 'to'],
      ['{"type":"presence","state":"online","to":["x"]}', 'to.0'],
      ['{"type":"send","id":"x","recipients":[]}', 'id'],
      ['{"type":"acknowledge","state":"delivered","receipts":true,"messages":[]}', 'messages'],
    ])('%s is told where it is wrong', async (text, path) => {
      const socket = await connect(master.url, alice);
      socket.raw(text);
      const [frame] = await socket.hears('error');
      expect(frame!.error.code).toBe('bad-request');
      expect(frame!.error.path).toBe(path);
      socket.write({ type: 'ping' });
      await socket.hears('pong');
      await socket.close();
    });

    it('ends after several', async () => {
      const socket = await connect(master.url, alice);
      for (let index = 0; index < 5; index += 1) socket.raw('{');
      await waitFor('the end', () => socket.closed() === 1008);
    });

    it('ends at a binary frame, and at one that is too large', async () => {
      const binary = await connect(master.url, alice);
      binary.socket.send(Buffer.from('{"type":"ping"}'));
      await waitFor('the end', () => binary.closed() === 1003);
      const large = await connect(master.url, alice);
      large.raw(`"${'x'.repeat(LIMITS.frameBytes)}"`);
      await waitFor('the end', () => large.closed() === 1009);
    });

    it('survives random mutations of every frame: no crash, no stack, nothing internal', async () => {
      const bob = await register(master.url);
      const sender = { senderId: bob.accountId, senderDeviceId: 1 };
      const frames: Upstream[] = [
        { type: 'send', id: mintId(), recipients: [recipient(bob)] },
        { type: 'acknowledge', receipts: true, messages: [{ id: mintId(), ...sender }] },
        { type: 'typing', to: bob.accountId, active: true },
        { type: 'presence', state: 'online', to: [bob.accountId] },
        { type: 'ping' },
      ];
      const heard: TestSocket[] = [];
      let socket = await connect(master.url, alice);
      const write = async (text: string): Promise<void> => {
        if (socket.closed() !== null || socket.heard('error').length >= 4) {
          heard.push(socket);
          await socket.close();
          socket = await connect(master.url, alice);
        }
        const before = socket.frames.length;
        socket.raw(text);
        socket.write({ type: 'ping' });
        await waitFor('an answer', () => socket.closed() !== null || socket.frames.length > before, {
          everyMs: 1,
        });
      };
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...frames), mutation, async (frame, mutate) => write(mutate(frame))),
        { numRuns: 600 },
      );
      heard.push(socket);
      const errors = heard.flatMap((one) => [...one.heard('error'), ...one.heard('refused')]);
      expect(errors.length).toBeGreaterThan(100);
      for (const { error } of errors) {
        expect(error.code).not.toBe('internal');
        expect(error.message).not.toMatch(/\bat |node_modules|\.ts/);
      }
      expect(await metric(master.url, 'gateway_sends_refused_total{code="internal"}')).toBe(0);
    });
  });

  it('is the only one of its device: a newer one takes over', async () => {
    const bob = await register(master.url);
    const older = await connect(master.url, bob);
    const newer = await connect(master.url, bob);
    expect(await older.hears('error')).toMatchObject([{ error: { code: 'superseded' } }]);
    await waitFor('the end', () => older.closed() === 4409);
    const fromAlice = await connect(master.url, alice);
    await fromAlice.send([recipient(bob)]);
    await newer.hears('envelope');
    expect(older.heard('envelope')).toEqual([]);
  });

  it('works on a bounded number of frames, and answers all of them', async () => {
    const bob = await register(master.url);
    const socket = await connect(master.url, await register(master.url));
    const other = await connect(master.url, bob);
    const series = 'gateway_frames_received_total{type="send"}';
    const before = await metric(master.url, series);
    for (const proxy of nodes.proxies) proxy.set('stall');
    for (let index = 0; index < 200; index += 1) {
      socket.write({ type: 'send', id: mintId(), recipients: [recipient(bob)] });
    }
    socket.write({ type: 'ping' });
    await waitFor('64 frames', async () => (await metric(master.url, series)) === before + 64);
    other.write({ type: 'ping' });
    await other.hears('pong');
    expect(await metric(master.url, series)).toBe(before + 64);
    expect(socket.heard('pong')).toEqual([]);
    for (const proxy of nodes.proxies) proxy.set('pass');
    await socket.hears('pong');
    await waitFor(
      'all answers',
      () => socket.heard('accepted').length + socket.heard('refused').length === 200,
    );
  });

  it('whose peer is gone without a word is found', async () => {
    const quick = await nodes.master({ HEARTBEAT_MS: '500' });
    await using proxy = await startFaultProxy(quick.url);
    const bob = await register(quick.url);
    await connect(proxy.url, bob);
    const other = await connect(quick.url, await register(quick.url));
    expect(await metric(quick.url, 'gateway_connections')).toBe(2);
    proxy.set('half-open');
    await waitFor('one connection', async () => (await metric(quick.url, 'gateway_connections')) === 1);
    expect(other.closed()).toBeNull();
    await quick[Symbol.asyncDispose]();
  });

  describe('that is slow', () => {
    /** Fills the socket of a peer that does not read, until frames are left out. */
    const flood = async (url: string, bob: TestDevice): Promise<void> => {
      const socket = await connect(url, await register(url));
      const payload = randomBytes(LIMITS.payloadBytes / 2)
        .toString('base64')
        .slice(0, LIMITS.payloadBytes / 2);
      const left = 'gateway_pushes_left_out_total{type="envelope"}';
      await waitFor('envelopes to be left out', async () => {
        const envelopes = [envelopeFor(bob, payload)];
        await Promise.all(
          Array.from({ length: 10 }, () => socket.send([{ accountId: bob.accountId, envelopes }])),
        );
        return (await metric(url, left)) > 0;
      });
      await socket.close();
    };

    it('gets no more live messages than its bound, and is told to catch up when it has read', async () => {
      const small = await nodes.master({ SOCKET_BUFFER_BYTES: '262144' });
      const bob = await register(small.url);
      const slow = await connect(small.url, bob);
      slow.socket.pause();
      await flood(small.url, bob);
      expect(slow.heard('catch-up')).toEqual([]);
      expect(await metric(small.url, 'gateway_slow_connections')).toBe(1);
      slow.socket.resume();
      await slow.hears('catch-up');
      expect(await metric(small.url, 'gateway_slow_connections')).toBe(0);
      const before = slow.heard('envelope').length;
      const fromAlice = await connect(small.url, alice);
      await fromAlice.send([recipient(bob)]);
      await slow.hears('envelope', before + 1);
      await small[Symbol.asyncDispose]();
    });

    it('for too long is ended', async () => {
      const small = await nodes.master({
        SOCKET_BUFFER_BYTES: '262144',
        STALL_MS: '100',
        HEARTBEAT_MS: '4000',
      });
      const bob = await register(small.url);
      const slow = await connect(small.url, bob);
      slow.socket.pause();
      await flood(small.url, bob);
      const ended = 'gateway_connections_ended_total{code="connection-stalled"}';
      await waitFor('the end', async () => (await metric(small.url, ended)) === 1);
      slow.socket.resume();
      await waitFor('the close', () => slow.closed() !== null);
      const slowOnes = 'gateway_slow_connections';
      await waitFor('it to be forgotten', async () => (await metric(small.url, slowOnes)) === 0);
      await small[Symbol.asyncDispose]();
    });
  });

  describe('while the server stops', () => {
    it('gets the answers to what is under way, then `draining`; new ones are refused', async () => {
      const stopping = await nodes.master();
      const bob = await register(stopping.url);
      const socket = await connect(stopping.url, await register(stopping.url));
      for (const proxy of nodes.proxies) proxy.set('stall');
      const id = mintId();
      const series = 'gateway_push_latency_seconds_count';
      const answer = socket.send([recipient(bob)], id);
      await waitFor('the send', async () => (await metric(stopping.url, series)) === 1);
      const stopped = stopping[Symbol.asyncDispose]();
      const refused = connect(stopping.url, bob);
      await expect(refused).rejects.toThrow('503');
      expect(socket.closed()).toBeNull();
      for (const proxy of nodes.proxies) proxy.set('pass');
      expect(await answer).toMatchObject({ type: 'accepted', id });
      expect(await socket.hears('error')).toMatchObject([{ error: { code: 'draining' } }]);
      await waitFor('the close', () => socket.closed() === 1001);
      await stopped;
    });
  });

  it('is told of few keys when it connects, and when some have been handed out', async () => {
    const told = await metric(master.url, 'gateway_keys_low_total');
    const few = await register(master.url, undefined, randomKeys(3));
    const socket = await connect(master.url, few);
    expect(await socket.hears('keys-low')).toMatchObject([{ stock: { preKeys: 3, kyberPreKeys: 3 } }]);
    const enough = await register(master.url, undefined, randomKeys(20));
    const other = await connect(master.url, enough);
    const { status } = await call(`${master.url}/api/keys/${enough.accountId}`, 'GET', {
      token: alice.masterToken,
    });
    expect(status).toBe(200);
    expect(await other.hears('keys-low')).toMatchObject([{ stock: { preKeys: 19, kyberPreKeys: 15 } }]);
    expect(await metric(master.url, 'gateway_keys_low_total')).toBe(told + 2);
    const seen = 'gateway_key_stock_keys_bucket{le="5",kind="ec"}';
    expect(await metric(master.url, seen)).toBeGreaterThan(0);
  });

  it('passes typing on to connected devices of the account', async () => {
    const bob = await register(master.url);
    const sockets = [
      await connect(master.url, bob),
      await connect(master.url, await login(master.url, bob.username)),
    ];
    for (const socket of sockets)
      await says(socket, { type: 'presence', state: 'away', to: [], from: [alice.accountId] });
    const fromAlice = await connect(master.url, alice);
    fromAlice.write({ type: 'typing', to: bob.accountId, active: true });
    for (const socket of sockets) {
      expect(await socket.hears('typing')).toEqual([
        { type: 'typing', accountId: alice.accountId, active: true },
      ]);
    }
  });

  it('passes on no typing or presence of an account that the device does not take it from', async () => {
    const newBus = createLocalBus();
    const [here, there] = [
      await nodes.master({}, { bus: newBus() }),
      await nodes.master({}, { bus: newBus() }),
    ];
    const [bob, stranger] = [await register(here.url), await register(here.url)];
    const toBob = await connect(here.url, bob);
    const [fromAlice, fromStranger] = [await connect(there.url, alice), await connect(there.url, stranger)];
    const disturb = async (socket: TestSocket): Promise<void> => {
      socket.write({ type: 'typing', to: bob.accountId, active: true });
      await says(socket, { type: 'presence', state: 'online', to: [bob.accountId] });
    };
    for (const socket of [fromAlice, fromStranger]) await disturb(socket);
    await says(toBob, { type: 'presence', state: 'online', to: [alice.accountId] });
    expect(await toBob.hears('presence')).toMatchObject([{ accountId: alice.accountId, state: 'online' }]);
    for (const socket of [fromStranger, fromAlice]) await disturb(socket);
    expect(await toBob.hears('typing')).toMatchObject([{ accountId: alice.accountId }]);
    await fromStranger.close();
    await says(toBob, { type: 'presence', state: 'online', to: [] });
    await disturb(fromAlice);
    await fromAlice.close();
    toBob.write({ type: 'ping' });
    await toBob.hears('pong', 3);
    // Not once was there a word on the wire of whom Bob does not take it from, at whichever moment.
    expect(toBob.frames.filter(({ type }) => type === 'typing' || type === 'presence')).toHaveLength(2);
    expect(await metric(here.url, 'gateway_signals_withheld_total{type="typing"}')).toBe(4);
    await waitFor('the last of them', async () => {
      return (await metric(here.url, 'gateway_signals_withheld_total{type="presence"}')) === 4;
    });
    for (const one of [here, there]) await one[Symbol.asyncDispose]();
  });

  it('shows presence to its audience only, when they come, when it changes, when it leaves', async () => {
    const [bob, carol] = [await register(master.url), await register(master.url)];
    const toBob = await connect(master.url, bob);
    const toCarol = await connect(master.url, carol);
    const takesIt: Upstream = { type: 'presence', state: 'away', to: [], from: [alice.accountId] };
    for (const socket of [toBob, toCarol]) await says(socket, takesIt);
    const shown = await connect(master.url, await login(master.url, alice.username));
    shown.write({ type: 'presence', state: 'online', to: [bob.accountId] });
    const frame = (state: 'online' | 'away' | 'offline') =>
      ({ type: 'presence', accountId: alice.accountId, state }) as const;
    expect(await toBob.hears('presence')).toEqual([frame('online')]);
    const secondOfBob = await connect(master.url, await login(master.url, bob.username));
    await says(secondOfBob, takesIt);
    expect(await secondOfBob.hears('presence')).toEqual([frame('online')]);
    shown.write({ type: 'presence', state: 'away', to: [bob.accountId] });
    expect(await toBob.hears('presence', 2)).toEqual([frame('online'), frame('away')]);
    await shown.close();
    expect(await toBob.hears('presence', 3)).toEqual([frame('online'), frame('away'), frame('offline')]);
    expect(toCarol.heard('presence')).toEqual([]);
  });

  it('is held to a rate of signals, and says so', async () => {
    const strict = await nodes.master({ SIGNALS_PER_DEVICE_PER_MINUTE: '2' });
    const socket = await connect(strict.url, await register(strict.url));
    for (let index = 0; index < 3; index += 1) {
      socket.write({ type: 'typing', to: alice.accountId, active: true });
    }
    expect(await socket.hears('error')).toMatchObject([{ error: { code: 'rate-limited' } }]);
    await strict[Symbol.asyncDispose]();
  });

  it('is held to a rate of messages that it acknowledges, however few the frames', async () => {
    const strict = await nodes.master({ ACKNOWLEDGED_PER_DEVICE_PER_MINUTE: '3' });
    const socket = await connect(strict.url, await register(strict.url));
    const acknowledge = (count: number): void =>
      socket.write({
        type: 'acknowledge',
        receipts: false,
        messages: Array.from({ length: count }, () => ({
          id: mintId(),
          senderId: alice.accountId,
          senderDeviceId: 1,
        })),
      });
    acknowledge(2);
    await socket.hears('acknowledged');
    acknowledge(2);
    expect(await socket.hears('error')).toMatchObject([{ error: { code: 'rate-limited' } }]);
    expect(socket.heard('acknowledged')).toHaveLength(1);
    await strict[Symbol.asyncDispose]();
  });

  it('that floods is read more slowly, is told so once and loses nothing, while others are answered', async () => {
    const strict = await nodes.master({ FRAMES_PER_DEVICE_PER_MINUTE: '6000' });
    const [eager, calm] = [
      await connect(strict.url, await register(strict.url)),
      await connect(strict.url, await register(strict.url)),
    ];
    const FLOOD = 1_200;
    for (let index = 0; index < FLOOD; index += 1) eager.write({ type: 'ping' });
    expect(await eager.hears('error')).toMatchObject([{ error: { code: 'rate-limited' } }]);
    calm.write({ type: 'ping' });
    await calm.hears('pong');
    await eager.hears('pong', FLOOD);
    expect(eager.heard('error')).toHaveLength(1);
    expect(await metric(strict.url, 'gateway_rate_limited_total{limit="frames"}')).toBe(1);
    expect(eager.closed()).toBeNull();
    await strict[Symbol.asyncDispose]();
  });

  it('gets a receipt for what it sent, unless the reader does not want it to', async () => {
    const bob = await register(master.url);
    const [fromAlice, toBob] = [await connect(master.url, alice), await connect(master.url, bob)];
    await fromAlice.send([recipient(bob)]);
    const { envelope } = (await toBob.hears('envelope'))[0]!;
    const messages = [{ id: envelope.id, senderId: alice.accountId, senderDeviceId: alice.deviceId }];
    toBob.write({ type: 'acknowledge', receipts: false, messages });
    toBob.write({ type: 'acknowledge', receipts: true, messages });
    expect(await fromAlice.hears('receipt')).toEqual([
      { type: 'receipt', accountId: bob.accountId, deviceId: 1, ids: [envelope.id] },
    ]);
    const answer = { ids: [envelope.id], copies: 3 };
    expect(await toBob.hears('acknowledged', 2)).toMatchObject([answer, answer]);
  });

  it('gets no more receipts of one account than that can have read, and those of others all the same', async () => {
    await using strict = await nodes.master({ RECEIPTS_PER_ACCOUNT_PER_MINUTE: '3' });
    const [forger, reader] = [await register(strict.url), await register(strict.url)];
    const toAlice = await connect(strict.url, alice);
    const give = async (by: TestDevice, count: number): Promise<void> => {
      const socket = await connect(strict.url, by);
      const sender = { senderId: alice.accountId, senderDeviceId: alice.deviceId };
      const messages = Array.from({ length: count }, () => ({ id: mintId(), ...sender }));
      await says(socket, { type: 'acknowledge', receipts: true, messages });
      await socket.hears('acknowledged');
      await socket.close();
    };
    for (const count of [2, 2, 1]) await give(forger, count);
    await give(reader, 3);
    const receipts = await toAlice.hears('receipt', 2);
    expect(receipts.map(({ accountId, ids }) => [accountId, ids.length])).toEqual([
      [forger.accountId, 2],
      [reader.accountId, 3],
    ]);
    expect(await metric(strict.url, 'gateway_rate_limited_total{limit="receipts"}')).toBe(2);
  });

  it('acknowledges with the copies that could be deleted', async () => {
    const bob = await register(master.url);
    const toBob = await connect(master.url, bob);
    nodes.proxies[0]!.set('refuse');
    nodes.proxies[0]!.cut();
    const messages = [{ id: mintId(), senderId: alice.accountId, senderDeviceId: 1 }];
    toBob.write({ type: 'acknowledge', receipts: true, messages });
    expect(await toBob.hears('acknowledged')).toMatchObject([{ copies: 2 }]);
    nodes.proxies[0]!.set('pass');
  });
});

/** Small damages of a frame's JSON text. */
const mutation: fc.Arbitrary<(frame: Upstream) => string> = fc.oneof(
  fc
    .tuple(fc.nat(), fc.constantFrom('', '"', '}', '\0', '\ud800', '9'.repeat(400), '__proto__'))
    .map(([at, insert]) => (frame: Upstream) => {
      const text = JSON.stringify(frame);
      const index = at % text.length;
      return text.slice(0, index) + insert + text.slice(index + 1);
    }),
  fc.tuple(fc.nat(), fc.jsonValue()).map(([at, value]) => (frame: Upstream) => {
    const keys = Object.keys(frame);
    return JSON.stringify({ ...frame, [keys[at % keys.length]!]: value });
  }),
  fc.tuple(fc.string(), fc.jsonValue()).map(
    ([key, value]) =>
      (frame: Upstream) =>
        JSON.stringify({ ...frame, [key]: value }),
  ),
  fc.jsonValue().map((value) => () => JSON.stringify(value)),
);
