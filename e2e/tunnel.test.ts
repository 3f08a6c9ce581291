import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectTls, type SecureVersion } from 'node:tls';
import { waitFor } from '@restante/testkit';
import {
  makeCellCertificates,
  startDoor,
  startNameServer,
  startPeer,
  type CellCertificates,
  type TunnelEnd,
} from '@restante/testkit/tunnel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The one port between servers: real nginx as door and as peer, as in production, on addresses of this machine. */

/** Addresses that nobody else has: services have the same ports everywhere. */
const NETWORK = `127.${randomInt(64, 250)}.${randomInt(1, 250)}`;
const DOOR = `${NETWORK}.1`;
const SERVICES = `${NETWORK}.2`;
const PEER = `${NETWORK}.3`;
const PORT = 8444;
const PORTS = { master: 3000, node: 3001, watch: 3002, nats: 4222, couchdb: 5984, routes: 6222 };

let folder: string;
let cell: CellCertificates;
let first: string;
let second: string;
let door: TunnelEnd;
/** Paths that services were asked for. */
const asked: string[] = [];
const cleanup = new AsyncDisposableStack();

const close = async (server: Server): Promise<void> => {
  const closed = once(server, 'close');
  server.close();
  await closed;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'restante-tunnel-'));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  cell = makeCellCertificates(join(folder, 'cell'));
  first = cell.make(1);
  second = cell.make(2);
  for (const [name, port] of Object.entries(PORTS)) {
    const server =
      name === 'routes'
        ? createServer((socket) => socket.on('error', () => undefined).pipe(socket))
        : createHttpServer((request, response) => {
            asked.push(request.url ?? '');
            request.on('data', (chunk) => response.write(chunk));
            request.on('end', () => response.end(`${name} ${request.url}`));
          });
    server.listen(port, SERVICES);
    await once(server, 'listening');
    cleanup.defer(() => close(server));
  }
  door = cleanup.use(
    await startDoor({
      folder: join(folder, 'door'),
      certificates: second,
      address: DOOR,
      port: PORT,
      server: 2,
      services: SERVICES,
    }),
  );
  cleanup.use(
    await startPeer({
      folder: join(folder, 'peer'),
      certificates: first,
      address: PEER,
      server: 2,
      door: `${DOOR}:${PORT}`,
    }),
  );
});
afterAll(() => cleanup.disposeAsync());

const ask = async (port: number, path: string, host = PEER): Promise<string> =>
  (await fetch(`http://${host}:${port}${path}`, { headers: { connection: 'close' } })).text();

/** What somebody without a peer gets of a service: an answer, or nothing. */
const knock = (
  certificates: string | null,
  servername: string,
  maxVersion: SecureVersion = 'TLSv1.3',
): Promise<string> =>
  new Promise((resolve) => {
    const own = certificates !== null && {
      cert: readFileSync(join(certificates, 'certificate.pem')),
      key: readFileSync(join(certificates, 'key.pem')),
    };
    const socket = connectTls({
      host: DOOR,
      port: PORT,
      servername,
      maxVersion,
      rejectUnauthorized: false,
      ...own,
    });
    let got = '';
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(got));
    socket.write('GET /knock HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  });
const ANSWERED = /HTTP\/1\.1 200 .*node \/knock/s;

const refusal = (about: Readonly<Record<string, string>>) =>
  waitFor('the line of a refusal', () =>
    door.refusals().find((line) => Object.entries(about).every(([name, value]) => line[name] === value)),
  );

describe('through the tunnel', () => {
  it('each name reaches its own service, and no other', async () => {
    for (const [name, port] of Object.entries(PORTS)) {
      if (name !== 'routes') expect(await ask(port, '/some?path=1')).toBe(`${name} /some?path=1`);
    }
  });

  it('bodies and answers of any length pass', async () => {
    const body = 'x'.repeat(8 * 1024 * 1024);
    const answer = await fetch(`http://${PEER}:3001/`, { method: 'POST', body });
    expect((await answer.text()).length).toBe(body.length + 'node /'.length);
  });

  it('a connection stays, both ways, while others come and go', async () => {
    const socket = connect(PORTS.routes, PEER);
    let back = '';
    socket.on('data', (chunk: Buffer) => (back += chunk.toString()));
    for (let index = 1; index <= 50; index += 1) {
      socket.write(`${index};`);
      await waitFor('the echo', () => back.endsWith(`${index};`));
      await ask(PORTS.node, '/');
    }
    expect(back.split(';')).toHaveLength(51);
    const ended = text(socket);
    socket.end();
    await ended;
  });

  it('nothing is told of what went well', () => {
    expect(door.refusals()).toEqual([]);
  });
});

describe('the door', () => {
  it('leads holders of a certificate of the cell to the services of its own server, and nowhere else', async () => {
    expect(await knock(first, 'node.server2.cell')).toMatch(ANSWERED);
    for (const name of [
      'node.server1.cell',
      'node.server3.cell',
      'server2.cell',
      'other.server2.cell',
      'x.node.server2.cell',
      SERVICES,
      'localhost',
    ]) {
      expect(await knock(first, name === SERVICES ? '' : name), name).toBe('');
    }
    expect(await refusal({ name: 'node.server3.cell' })).toMatchObject({
      holder: 'CN=server1.cell',
      serial: cell.serialOf(first),
      certificate: 'SUCCESS',
      to: '',
    });
  });

  it('shows its certificate to who asks for the server itself, leads nowhere, and says nothing of it', async () => {
    const socket = connectTls({
      host: DOOR,
      port: PORT,
      servername: 'server2.cell',
      rejectUnauthorized: false,
    }).on('error', () => undefined);
    const closed = once(socket, 'close');
    await once(socket, 'secureConnect');
    expect(socket.getPeerCertificate().subject.CN).toBe('server2.cell');
    socket.write('GET /looked HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    await closed;
    expect(asked).not.toContain('/looked');
    // Connections are told in their order.
    expect(await knock(null, 'nobody.server2.cell')).toBe('');
    await refusal({ name: 'nobody.server2.cell' });
    expect(door.refusals().map((line) => line['name'])).not.toContain('server2.cell');
  });

  it('refuses who has no certificate, one of another CA, or one that has expired', async () => {
    expect(await knock(null, 'node.server2.cell')).toBe('');
    await refusal({ certificate: 'NONE' });
    const strangers = makeCellCertificates(join(folder, 'strangers'));
    expect(await knock(strangers.make(1), 'node.server2.cell')).toBe('');
    const expired = cell.make(8, 0);
    await waitFor('a refusal', async () => (await knock(expired, 'node.server2.cell')) === '');
    await refusal({ certificate: 'FAILED:certificate has expired', holder: 'CN=server8.cell' });
    expect(await knock(first, 'node.server2.cell')).toMatch(ANSWERED);
  });

  it('speaks TLS 1.3 and nothing older', async () => {
    expect(await knock(first, 'node.server2.cell', 'TLSv1.2')).toBe('');
  });

  it('refuses a certificate that was revoked, and ends the connections of its holder', async () => {
    const burned = cell.make(3);
    await using peer = await startPeer({
      folder: join(folder, 'burned'),
      certificates: burned,
      address: `${NETWORK}.4`,
      server: 2,
      door: `${DOOR}:${PORT}`,
    });
    const socket = connect(PORTS.routes, `${NETWORK}.4`).on('error', () => undefined);
    const closed = once(socket, 'close');
    socket.write('here');
    await once(socket, 'data');
    writeFileSync(join(second, 'revoked'), `${cell.serialOf(burned).toLowerCase()}\n\n0123`);
    await door.reload();
    await closed;
    expect(await knock(burned, 'node.server2.cell')).toBe('');
    await expect(ask(PORTS.node, '/', `${NETWORK}.4`)).rejects.toThrow();
    await refusal({ serial: cell.serialOf(burned), to: '' });
    expect(await ask(PORTS.node, '/')).toBe('node /');
    expect(peer.output()).not.toContain('[emerg]');
  });

  it('knows the certificates from before a renewal, and those after one know it', async () => {
    const own = makeCellCertificates(join(folder, 'renewed'));
    const kept = join(folder, 'kept');
    cpSync(own.make(1), kept, { recursive: true });
    const options = { address: `${NETWORK}.6`, port: PORT, server: 2, services: SERVICES };
    await using renewing = await startDoor({
      ...{ folder: join(folder, 'renewing'), certificates: own.make(2) },
      ...options,
    });
    const reaches = async (certificates: string, address: string): Promise<void> => {
      const door = `${NETWORK}.6:${PORT}`;
      await using peer = await startPeer({
        ...{ folder: join(folder, `to${address}`), certificates, address, server: 2, door },
      });
      expect(await ask(PORTS.node, '/', address)).toBe('node /');
      expect(peer.output()).not.toContain('[error]');
    };
    const former = readFileSync(join(kept, 'ca.pem'), 'utf8');
    own.renewCa();
    const renewed = own.make(1);
    expect(readFileSync(join(renewed, 'ca.pem'), 'utf8')).not.toBe(former);
    // The door has its former ones.
    await reaches(renewed, `${NETWORK}.7`);
    own.make(2);
    await renewing.reload();
    await reaches(kept, `${NETWORK}.8`);
    await reaches(renewed, `${NETWORK}.9`);
  });

  it('does not take a list of revoked ones that it cannot read, and keeps the one that it has', async () => {
    const before = readFileSync(join(second, 'revoked'), 'utf8');
    writeFileSync(join(second, 'revoked'), `${before}\n0; } evil`);
    await expect(door.reload()).rejects.toThrow(/no serial number in hex/);
    writeFileSync(join(second, 'revoked'), before);
    expect(await knock(first, 'node.server2.cell')).toMatch(ANSWERED);
  });

  it('has so many connections of one address, and then refuses that one alone', async () => {
    await using small = await startDoor({
      folder: join(folder, 'small'),
      certificates: second,
      address: `${NETWORK}.5`,
      port: PORT,
      server: 2,
      services: SERVICES,
      connections: 4,
    });
    const hold = (from: string): Socket =>
      connectTls({
        socket: connect({ host: `${NETWORK}.5`, port: PORT, localAddress: from }),
        servername: 'routes.server2.cell',
        rejectUnauthorized: false,
        cert: readFileSync(join(first, 'certificate.pem')),
        key: readFileSync(join(first, 'key.pem')),
      }).on('error', () => undefined);
    const echoes = async (socket: Socket): Promise<boolean> => {
      socket.write('here');
      const said = once(socket, 'data').then(
        () => true,
        () => false,
      );
      return Promise.race([said, once(socket, 'close').then(() => false)]);
    };
    const held = Array.from({ length: 4 }, () => hold(`${NETWORK}.6`));
    expect(await Promise.all(held.map(echoes))).toEqual([true, true, true, true]);
    const [more, other] = [hold(`${NETWORK}.6`), hold(`${NETWORK}.7`)];
    expect([await echoes(more), await echoes(other)]).toEqual([false, true]);
    for (const socket of [...held, more, other]) socket.destroy();
    expect(small.refusals()).toMatchObject([{ status: '503' }]);
  });
});

describe('the peer', () => {
  it('takes nobody for a server who has not its certificate', async () => {
    const pretenders = [cell.make(3), makeCellCertificates(join(folder, 'others')).make(2)];
    for (const [index, certificates] of pretenders.entries()) {
      const address = `${NETWORK}.${10 + index}`;
      await using pretender = await startDoor({
        folder: join(folder, `pretender${index}`),
        certificates,
        address,
        port: PORT,
        server: 2,
        services: SERVICES,
      });
      await using peer = await startPeer({
        folder: join(folder, `deceived${index}`),
        certificates: first,
        address: `${NETWORK}.${20 + index}`,
        server: 2,
        door: `${address}:${PORT}`,
      });
      await expect(ask(PORTS.node, '/secret', `${NETWORK}.${20 + index}`)).rejects.toThrow();
      expect(peer.output()).toMatch(/certificate (does not match|verify error)/);
      expect(asked).not.toContain('/secret');
      expect(pretender.output()).not.toContain('[emerg]');
    }
  });

  it('notices that a door is gone, and finds one that comes at another address', async () => {
    await using names = await startNameServer(`${NETWORK}.30`);
    names.set('b.example.org', `${NETWORK}.31`);
    const doorAt = (address: string) =>
      startDoor({
        folder: join(folder, address),
        certificates: second,
        address,
        port: PORT,
        server: 2,
        services: SERVICES,
      });
    await using old = await doorAt(`${NETWORK}.31`);
    const address = `${NETWORK}.32`;
    await using peer = await startPeer({
      folder: join(folder, 'named'),
      certificates: first,
      address,
      server: 2,
      door: `b.example.org:${PORT}`,
      resolver: names.address,
    });
    expect(await ask(PORTS.node, '/', address)).toBe('node /');
    const socket = connect(PORTS.routes, address).on('error', () => undefined);
    socket.write('here');
    await once(socket, 'data');
    const closed = once(socket, 'close');
    await old.kill();
    await closed;
    await waitFor('nobody to answer there', async () => {
      await expect(ask(PORTS.node, '/', address)).rejects.toThrow();
      return peer.output().includes('Connection refused');
    });
    await using next = await doorAt(`${NETWORK}.33`);
    names.set('b.example.org', `${NETWORK}.33`);
    await waitFor('the new door', async () => (await ask(PORTS.node, '/', address)) === 'node /');
    expect(next.refusals()).toEqual([]);
  });
});

describe('a start', () => {
  it.each([
    ['a server without a number', { server: 0 }, /SERVER_NUMBER has to be a number/],
    ['a service somewhere strange', { services: '1.2.3.4;evil' }, /SERVICE_ADDRESS is not as it has to be/],
    ['no certificates', { certificates: '/nowhere' }, /cannot load certificate/],
  ])('with %s is refused', async (_, wrong, told) => {
    const right = {
      folder: mkdtempSync(join(folder, 'wrong-')),
      certificates: second,
      address: `${NETWORK}.40`,
      port: PORT,
      server: 2,
      services: SERVICES,
    };
    await expect(startDoor({ ...right, ...wrong })).rejects.toThrow(told);
  });
});
