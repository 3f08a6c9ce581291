import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { connect } from '@nats-io/transport-node';
import { LIMITS, mintMessageId } from '@restante/protocol';
import { createLog } from '@restante/service-kit';
import { startFaultProxy, startNatsServers, waitFor, type NatsServers } from '@restante/testkit';
import { makeCertificate } from '@restante/testkit/nginx';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createMetrics } from '../metrics.ts';
import type { Bus, BusEvent } from './bus.ts';
import { busContract, carries, listenTo, typing } from './bus.contract.ts';
import { startNatsBus } from './nats-bus.ts';

const start = async (urls: readonly string[], databasePrefix = '') => {
  const metrics = createMetrics([]);
  const [first] = urls.map((url) => new URL(url));
  const bus = await startNatsBus(
    {
      servers: urls.map((url) => new URL(url).host),
      user: first!.username,
      password: first!.password,
      isTls: first!.protocol === 'tls:',
      databasePrefix,
    },
    { log: createLog('bus', 'silent'), metrics },
  );
  const count = async (name: string): Promise<number> => {
    const { values } = (await metrics.registry.getSingleMetric(`gateway_bus_${name}`)!.get()) as {
      values: { value: number }[];
    };
    return values.reduce((sum, { value }) => sum + value, 0);
  };
  return { ...listenTo(bus), count };
};
type Started = Awaited<ReturnType<typeof start>>;

/** As large as an event can be. */
const largest = (accountId: string): BusEvent => ({
  kind: 'to-device',
  to: { accountId, deviceId: 1 },
  frame: {
    type: 'envelope',
    envelope: {
      ...{ id: mintMessageId(1, new Uint8Array(10)), senderId: accountId, senderDeviceId: 2 },
      ...{ sentAt: 1, expiresAt: 2, type: 'message', payload: 'a'.repeat(LIMITS.payloadBytes) },
    },
  },
});

const endAll = async (buses: readonly Bus[]): Promise<void> => {
  await Promise.all(buses.map((bus) => bus[Symbol.asyncDispose]()));
};
const knowEachOther = (ends: readonly { readonly bus: Bus }[]) =>
  waitFor('the masters to know each other', () =>
    ends.every(({ bus }) => bus.state().up && bus.state().peers === ends.length - 1),
  );

/** Takes each connection, and ends it when it is asked whether it is there. */
const startRudeServer = async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    let answered = false;
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      if (!data.includes('PING')) return;
      if (answered) socket.destroy();
      else socket.write('PONG\r\n');
      answered = true;
    });
    socket.write('INFO {"server_id":"rude","version":"2.9.10","proto":1,"max_payload":1048576}\r\n');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `nats://user:password@127.0.0.1:${port}`,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
};

busContract('over a NATS server', async (masters) => {
  const nats = await startNatsServers(1);
  const ends = await Promise.all(Array.from({ length: masters }, () => start(nats.urls)));
  await knowEachOther(ends);
  const buses = ends.map(({ bus }) => bus);
  return {
    buses,
    [Symbol.asyncDispose]: async () => {
      await endAll(buses);
      await nats[Symbol.asyncDispose]();
    },
  };
});

busContract('over three NATS servers, a master at each', async (masters) => {
  const nats = await startNatsServers(3);
  const ends = await Promise.all(
    Array.from({ length: masters }, (_, index) => start([nats.urls[index % 3]!], 'some-cell')),
  );
  await knowEachOther(ends);
  const buses = ends.map(({ bus }) => bus);
  return {
    buses,
    [Symbol.asyncDispose]: async () => {
      await endAll(buses);
      await nats[Symbol.asyncDispose]();
    },
  };
});

describe('a bus over NATS', () => {
  let nats: NatsServers;
  beforeAll(async () => {
    nats = await startNatsServers(3);
  });
  afterAll(() => nats[Symbol.asyncDispose]());

  const isGap = (end: Started, of: Started): boolean =>
    end.missed.some(({ kind, master }) => kind === 'gap' && master === of.bus.self);

  it('goes on at another server when its own is killed, tells a gap, and carries again', async () => {
    const ends = [await start(nats.urls), await start(nats.urls)] as const;
    await knowEachOther(ends);
    const [one, two] = ends;
    const account = randomUUID();
    two.bus.follow(account);
    await carries(one, two);
    for (const server of nats.servers) {
      for (const { missed } of ends) missed.length = 0;
      const before = two.heard.length;
      await server.kill('SIGKILL');
      await waitFor('what is told to be heard', () => {
        one.bus.publish(typing(account));
        return two.heard.slice(before).length > 0 && ends.every(({ bus }) => bus.state().up);
      });
      await server.start();
    }
    // Each was at one of them that was killed.
    expect(await one.count('gaps_total')).toBeGreaterThan(0);
    expect(await two.count('gaps_total')).toBeGreaterThan(0);
    await endAll(ends.map(({ bus }) => bus));
  });

  it('is away while all are killed, says nothing later of what was told then, and tells the gap', async () => {
    const ends = [await start(nats.urls), await start(nats.urls)] as const;
    await knowEachOther(ends);
    const [one, two] = ends;
    const account = randomUUID();
    two.bus.follow(account);
    await carries(one, two);
    await carries(two, one);
    await Promise.all(nats.servers.map((server) => server.kill('SIGKILL')));
    await waitFor('the bus to be away', () => ends.every(({ bus }) => !bus.state().up));
    const lost = typing(account);
    one.bus.publish(lost);
    expect(one.heard.at(-1)?.event).toEqual(lost);
    expect(await one.count('dropped_total')).toBeGreaterThan(0);
    expect(await one.count('up')).toBe(0);
    await Promise.all(nats.servers.map((server) => server.start()));
    await waitFor('the gaps to be told', () => isGap(one, two) && isGap(two, one));
    await carries(one, two);
    expect(two.heard.map(({ event }) => event)).not.toContainEqual(lost);
    const later = typing(account);
    one.bus.publish(later);
    await waitFor('what is told now', () =>
      two.heard.some(({ event }) => 'to' in event && event.to === account),
    );
    expect(await one.count('up')).toBe(1);
    await endAll(ends.map(({ bus }) => bus));
  });

  it('tells of a gap and an end when one is cut off, and of a gap when it is back', async () => {
    await using proxy = await startFaultProxy(nats.urls[0]!);
    const through = new URL(nats.urls[0]!);
    through.host = proxy.address;
    const ends = [await start(nats.urls), await start([through.href])] as const;
    await knowEachOther(ends);
    const [one, two] = ends;
    await carries(one, two);
    await carries(two, one);
    proxy.set('half-open');
    await waitFor('the other to be gone', () => one.missed.some(({ kind }) => kind === 'gone'));
    expect(one.missed.map(({ kind, master }) => [kind, master])).toEqual([
      ['gap', two.bus.self],
      ['gone', two.bus.self],
    ]);
    await waitFor('the one that is cut off to know', () => !two.bus.state().up);
    proxy.set('pass');
    await waitFor('both to know of the gap', () => one.missed.length > 2 && two.missed.length > 0);
    expect(one.missed[2]).toEqual({ kind: 'gap', master: two.bus.self });
    await carries(one, two);
    await carries(two, one);
    await endAll(ends.map(({ bus }) => bus));
  });

  it('refuses and counts what no master says, and goes on', async () => {
    const ends = [await start(nats.urls), await start(nats.urls)] as const;
    await knowEachOther(ends);
    const [one, two] = ends;
    const account = randomUUID();
    two.bus.follow(account);
    await carries(one, two);
    const { host, username, password } = new URL(nats.urls[0]!);
    const stranger = await connect({ servers: host, user: username, pass: password });
    const junk = [
      '',
      'junk',
      '{"from":"x"}',
      JSON.stringify({ from: 'a'.repeat(16), event: { kind: 'typing' } }),
    ];
    for (const text of junk) stranger.publish(`restante.account.${account}`, text);
    for (const text of junk) stranger.publish('restante.masters', text);
    await stranger.flush();
    await waitFor('the junk to be refused', async () => (await two.count('refused_total')) === 8);
    expect(await one.count('refused_total')).toBe(4);
    await carries(one, two);
    await carries(two, one);
    await stranger.close();
    await endAll(ends.map(({ bus }) => bus));
  });

  it('lets no more wait than its bound, and tells the others that something is missing', async () => {
    const ends = [await start(nats.urls), await start(nats.urls)] as const;
    await knowEachOther(ends);
    const [one, two] = ends;
    const account = randomUUID();
    two.bus.follow(account);
    await carries(one, two);
    const large = largest(account);
    const count = 300;
    for (let index = 0; index < count; index += 1) one.bus.publish(large);
    const dropped = await one.count('dropped_total');
    expect(dropped).toBeGreaterThan(count / 3);
    await waitFor('the gap to be told', () => isGap(two, one));
    const came = () => two.heard.filter(({ event }) => event.kind === 'to-device').length;
    await waitFor('what was let through', () => came() === count - dropped);
    await carries(one, two);
    one.bus.publish(large);
    await waitFor('what is told now', () => came() === count - dropped + 1);
    await endAll(ends.map(({ bus }) => bus));
  });

  it('counts nothing of what waited for a connection that has ended', async () => {
    await using proxy = await startFaultProxy(nats.urls[0]!);
    const through = new URL(nats.urls[0]!);
    through.host = proxy.address;
    const ends = [await start([through.href]), await start(nats.urls)] as const;
    await knowEachOther(ends);
    const [one, two] = ends;
    const account = randomUUID();
    two.bus.follow(account);
    await carries(one, two);
    const large = largest(account);
    const perMiB = Math.ceil((1024 * 1024) / LIMITS.payloadBytes);
    proxy.set('half-open');
    for (let index = 0; index < perMiB; index += 1) one.bus.publish(large);
    await waitFor('the bus to be away', () => !one.bus.state().up);
    proxy.set('pass');
    await knowEachOther(ends);
    await carries(one, two);
    const came = () => two.heard.filter(({ event }) => event.kind === 'to-device').length;
    const before = came();
    const dropped = await one.count('dropped_total');
    for (let mebibyte = 1; mebibyte <= 20; mebibyte += 1) {
      for (let index = 0; index < perMiB; index += 1) one.bus.publish(large);
      await waitFor('what is told now', () => came() === before + mebibyte * perMiB);
    }
    expect(await one.count('dropped_total')).toBe(dropped);
    await endAll(ends.map(({ bus }) => bus));
  });

  it('of another set of masters at the same servers is not heard', async () => {
    const ends = [await start(nats.urls, 'east'), await start(nats.urls, 'east')] as const;
    const other = await start(nats.urls, 'west');
    await knowEachOther(ends);
    const accountId = randomUUID();
    other.bus.follow(accountId);
    ends[0].bus.publish(typing(accountId));
    ends[0].bus.publish({ kind: 'devices-changed', accountId });
    await carries(...ends);
    expect(other.heard).toEqual([]);
    expect(other.bus.state().peers).toBe(0);
    await endAll([...ends, other].map(({ bus }) => bus));
  });

  it('is at the first of the servers', async () => {
    await using proxy = await startFaultProxy(nats.urls[0]!);
    const through = new URL(nats.urls[0]!);
    through.host = proxy.address;
    const ends = await Promise.all(
      Array.from({ length: 5 }, () => start([through.href, ...nats.urls.slice(1)])),
    );
    expect(proxy.connections()).toBe(ends.length);
    await endAll(ends.map(({ bus }) => bus));
  });

  it('is at the next when the first ends each connection that it has just taken', async () => {
    await using server = await startRudeServer();
    const rude = new URL(nats.urls[0]!);
    rude.port = new URL(server.url).port;
    const { bus } = await start([rude.href, ...nats.urls]);
    await waitFor('the next server', () => bus.state().up);
    expect(server.connections()).toBeGreaterThan(0);
    await bus[Symbol.asyncDispose]();
  });
});

describe('a master whose bus is not there yet', () => {
  it('starts, and tries again, though a server ends each connection that it has just taken', async () => {
    await using server = await startRudeServer();
    const { bus } = await start([server.url]);
    await waitFor('another try', () => server.connections() > 2);
    expect(bus.state().up).toBe(false);
    await bus[Symbol.asyncDispose]();
  });

  it('starts, serves itself, and finds the others when it comes', async () => {
    await using nats = await startNatsServers(1, { isStarted: false });
    const ends = [await start(nats.urls), await start(nats.urls)] as const;
    const [one, two] = ends;
    expect(ends.map(({ bus }) => bus.state().up)).toEqual([false, false]);
    const account = randomUUID();
    two.bus.follow(account);
    const event = typing(account);
    one.bus.publish(event);
    expect(one.heard.map((heard) => heard.event)).toEqual([event]);
    await nats.servers[0]!.start();
    await knowEachOther(ends);
    expect(two.missed).toEqual([{ kind: 'gap', master: one.bus.self }]);
    await carries(one, two);
    expect(two.heard.map((heard) => heard.event)).not.toContainEqual(event);
    one.bus.publish(typing(account));
    await waitFor('the account to be heard', () =>
      two.heard.some((heard) => 'to' in heard.event && heard.event.to === account),
    );
    await endAll(ends.map(({ bus }) => bus));
  });
});

describe('a bus over TLS', () => {
  let folder: string;
  let nats: NatsServers;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'restante-tls-'));
    const certificate = makeCertificate(folder);
    nats = await startNatsServers(1, { tls: { certificate, key: join(folder, 'key.pem') } });
  });
  afterAll(async () => {
    await nats[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const url = (): string => nats.urls[0]!.replace('nats:', 'tls:');
  const trusted = getCACertificates('default');
  afterEach(() => setDefaultCACertificates(trusted));

  it('carries between masters that trust its certificate', async () => {
    const own = await readFile(join(folder, 'certificate.pem'), 'utf8');
    setDefaultCACertificates([...trusted, own]);
    const ends = [await start([url()]), await start([nats.urls[0]!])] as const;
    await knowEachOther(ends);
    await carries(...ends);
    await endAll(ends.map(({ bus }) => bus));
  });

  it('is none to a master that does not trust its certificate, whether or not it was told to use TLS', async () => {
    const ends = [await start([url()]), await start([nats.urls[0]!])] as const;
    expect(ends.map(({ bus }) => bus.state().up)).toEqual([false, false]);
    await endAll(ends.map(({ bus }) => bus));
  });
});
