import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  connect as connectTls,
  getCACertificates,
  setDefaultCACertificates,
  type SecureVersion,
} from 'node:tls';
import { fileURLToPath } from 'node:url';
import { errorBody, LIMITS, mintBlobId, type ErrorCode } from '@restante/protocol';
import { ensureSecrets } from '@restante/scripts/cluster';
import { createTokenSigner } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import { startTestCluster, type TestCluster } from '@restante/testkit/cluster';
import {
  checkNginxConf,
  makeCertificate,
  startNginx,
  TEST_ADDRESS,
  type Nginx,
} from '@restante/testkit/nginx';
import { buildWebClient } from '@restante/web-client/build';
import { securityHeaders } from '@restante/web-client/headers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The nginx.conf of production in a real nginx before a real cluster. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ANYBODY = '0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b';
/** Of a cell: another server's page, and a host with a long name. */
const OTHER = `https://b.${'long-'.repeat(12)}example.org`;
const ORIGINS = ['https://a.example.org', OTHER, 'https://c.example.org:8443'];
const HSTS = 'strict-transport-security';

let cluster: TestCluster;
let nginx: Nginx;
let messengerDir: string;

beforeAll(async () => {
  messengerDir = await buildWebClient();
  const settings = { SERVER_ORIGINS: ORIGINS.join(',') };
  cluster = await startTestCluster({
    mailboxAddresses: 'front',
    settings: { master: settings, mailboxNode: settings },
  });
  const { masters, mailboxNodes } = cluster.parts;
  nginx = await startNginx({
    master: masters[0]!.url,
    mailboxNodes: mailboxNodes.map(({ url }) => url),
    serverOrigins: ORIGINS,
    messengerDir,
  });
  trust(nginx.certificateFile);
});
afterAll(async () => {
  await nginx[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

/** From now on this process takes the certificate. */
const trust = (certificateFile: string): void =>
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(certificateFile, 'utf8')]);

const ask = (path: string, options: RequestInit = {}): Promise<Response> =>
  fetch(nginx.url + path, { redirect: 'manual', ...options });
const post = (path: string, body: string, origin?: string): Promise<Response> =>
  ask(path, {
    ...{ method: 'POST', body },
    headers: { 'content-type': 'application/json', ...(origin === undefined ? {} : { origin }) },
  });
const codeOf = async (answer: Response): Promise<ErrorCode> => errorBody.parse(await answer.json()).code;
/** The status of an answer to a WebSocket upgrade that is refused. */
const upgradeStatus = async (): Promise<number | undefined> => {
  const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
  const upgrade = request(`${nginx.url}/ws`, {
    headers: { ...headers, 'sec-websocket-key': btoa('0123456789abcdef') },
  });
  const [answer] = (await once(upgrade.end(), 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
};
const loggedOf = (answer: Response) =>
  waitFor('the log line of a request', () =>
    nginx.requests().find(({ requestId }) => requestId === answer.headers.get('x-request-id')),
  );

describe('nginx.conf', () => {
  it('is clean, with these includes and with those of production', () => {
    const folder = mkdtempSync(join(tmpdir(), 'restante-nginx-conf-'));
    try {
      cpSync(join(ROOT, 'nginx.conf'), join(folder, 'nginx.conf'));
      cpSync(join(ROOT, 'nginx', 'restante'), join(folder, 'restante'), { recursive: true });
      for (const name of readdirSync(join(folder, 'restante'))) {
        const file = join(folder, 'restante', name);
        writeFileSync(file, readFileSync(file, 'utf8').replaceAll(' /tmp/', ` ${folder}/`));
      }
      // What nginx/start writes.
      writeFileSync(join(folder, 'https-port.conf'), "set $https_port '';");
      writeFileSync(join(folder, 'master.conf'), 'default master:3000;');
      execFileSync(join(ROOT, 'nginx', 'name-origins'), [folder]);
      makeCertificate(join(folder, 'tls'));
      for (const checked of [folder, dirname(nginx.acmeDir)]) {
        const { ok, output } = checkNginxConf(checked);
        expect(output).not.toContain('[warn]');
        expect(output).toContain('test is successful');
        expect(ok).toBe(true);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('lets the messenger connect to the store of files, and starts with none that is named in another way', () => {
    const folder = mkdtempSync(join(tmpdir(), 'restante-nginx-origins-'));
    const start = (endpoint: string, store = 's3') =>
      spawnSync(join(ROOT, 'nginx', 'name-origins'), [folder], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], BLOB_STORE: store, S3_ENDPOINT: endpoint },
      });
    const written = (): string => readFileSync(join(folder, 'origins.conf'), 'utf8');
    try {
      for (const wrong of ['', 's3.example.org', 'https://s3.example.org/bucket', "https://s3';"]) {
        const { status, stderr } = start(wrong);
        expect(status, wrong).toBe(2);
        expect(stderr).toContain('S3_ENDPOINT');
      }
      expect(readdirSync(folder)).toEqual([]);
      expect(start('https://s3.example.org:9000').status).toBe(0);
      expect(written()).toContain("default ' https://s3.example.org:9000';");
      expect(start('https://s3.example.org', 'couchdb').status).toBe(0);
      expect(written()).not.toContain('s3');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('does not start with a server that is named in another way', () => {
    const folder = mkdtempSync(join(tmpdir(), 'restante-nginx-origins-'));
    try {
      for (const named of ['a.example.org', 'https://a.example.org/path', "https://a';"]) {
        const { status, stderr } = spawnSync(join(ROOT, 'nginx', 'name-origins'), [folder], {
          ...{
            encoding: 'utf8',
            env: { PATH: process.env['PATH'], SERVER_ORIGINS: `https://b.example.org,${named}` },
          },
        });
        expect(status).toBe(2);
        expect(stderr).toContain('SERVER_ORIGINS');
      }
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('has one set of certificate files, and takes new ones without a restart', async () => {
    const fingerprint = async (): Promise<string> => {
      const socket = connectTls({
        host: '127.0.0.1',
        port: Number(new URL(nginx.url).port),
        rejectUnauthorized: false,
      });
      await once(socket, 'secureConnect');
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    };
    const before = await fingerprint();
    makeCertificate(dirname(nginx.certificateFile));
    trust(nginx.certificateFile);
    expect(await fingerprint()).toBe(before);
    nginx.reload();
    await waitFor('the new certificate', async () => (await fingerprint()) !== before);
    expect((await ask('/healthz')).status).toBe(200);
  });
});

describe('transport', () => {
  it('leads HTTP to HTTPS, but for challenges and its own health', async () => {
    const plain = (path: string) => fetch(nginx.httpUrl + path, { redirect: 'manual' });
    for (const path of ['/', '/api/accounts/x?a=1', '/node1/messages/x']) {
      const answer = await plain(path);
      expect(answer.status).toBe(308);
      expect(answer.headers.get('location')).toBe(`${nginx.url}${path}`);
      expect(answer.headers.get(HSTS)).toBeNull();
    }
    expect((await plain('/healthz')).status).toBe(200);
    const challenges = join(nginx.acmeDir, '.well-known', 'acme-challenge');
    mkdirSync(challenges, { recursive: true });
    writeFileSync(join(challenges, 'some-token'), 'some-token.thumbprint');
    const challenge = await plain('/.well-known/acme-challenge/some-token');
    expect([challenge.status, await challenge.text()]).toEqual([200, 'some-token.thumbprint']);
    expect((await plain('/.well-known/acme-challenge/another')).status).toBe(404);
  });

  it('speaks TLS 1.2 and 1.3 and nothing older, and HTTP/2', async () => {
    const protocolOf = (version: SecureVersion): Promise<string | null> =>
      new Promise((resolve, reject) => {
        const socket = connectTls({
          host: '127.0.0.1',
          port: Number(new URL(nginx.url).port),
          minVersion: version,
          maxVersion: version,
          ciphers: 'DEFAULT@SECLEVEL=0',
        });
        socket.once('error', reject);
        socket.once('secureConnect', () => {
          resolve(socket.getProtocol());
          socket.destroy();
        });
      });
    expect(await protocolOf('TLSv1.2')).toBe('TLSv1.2');
    expect(await protocolOf('TLSv1.3')).toBe('TLSv1.3');
    await expect(protocolOf('TLSv1.1')).rejects.toThrow(/alert protocol version/);
    const session = connectHttp2(nginx.url);
    await once(session, 'connect');
    expect(session.alpnProtocol).toBe('h2');
    session.destroy();
  });
});

describe('the messenger', () => {
  it('is the one of these sources: verify-messenger says so', async () => {
    const args = ['verify-messenger', '--url', nginx.url, '--servers', ORIGINS.join(',')];
    args.push('--manifest', join(messengerDir, 'integrity.json'));
    const command = spawn(process.execPath, [join(ROOT, 'scripts/src/main.ts'), ...args], {
      env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: nginx.certificateFile },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [out] = await Promise.all([text(command.stdout), once(command, 'close')]);
    expect(out).toContain('byte for byte');
    expect(command.exitCode).toBe(0);
  });

  it('carries its security headers, as every answer does, and HSTS', async () => {
    for (const path of [
      '/',
      '/index.html',
      '/service-worker.js',
      '/nothing',
      '/api/accounts/x',
      '/healthz',
    ]) {
      const { headers } = await ask(path);
      for (const [name, value] of Object.entries({
        ...securityHeaders(ORIGINS),
        [HSTS]: 'max-age=63072000',
      })) {
        expect(headers.get(name), `${path} ${name}`).toBe(value);
      }
    }
  });

  it('is asked for each time; its assets are kept for ever, and are compressed', async () => {
    for (const path of [
      '/',
      '/index.html',
      '/service-worker.js',
      '/manifest.webmanifest',
      '/integrity.json',
    ]) {
      const answer = await ask(path);
      expect(answer.headers.get('cache-control'), path).toBe('no-cache');
      await answer.body?.cancel();
      const again = await ask(path, {
        headers: { 'if-none-match': answer.headers.get('etag') ?? '', 'cache-control': 'max-age=0' },
      });
      expect(again.status, path).toBe(304);
    }
    const types = { '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8' };
    for (const [extension, type] of Object.entries(types)) {
      // What is small is not worth compressing.
      const sizeOf = (file: string): number => statSync(join(messengerDir, 'assets', file)).size;
      const name = readdirSync(join(messengerDir, 'assets'))
        .filter((file) => file.endsWith(extension))
        .reduce((largest, file) => (sizeOf(file) > sizeOf(largest) ? file : largest));
      const answer = await ask(`/assets/${name}`);
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(answer.headers.get('content-encoding')).toBe('gzip');
      expect(answer.headers.get('content-type')).toBe(type);
      expect(await answer.text()).toBe(readFileSync(join(messengerDir, 'assets', name), 'utf8'));
    }
  });

  it('leaves unknown paths to the error table, and gives nothing from outside of its folder', async () => {
    for (const path of ['/nothing', '/assets/none.js', '/assets/', '/.env', '/%2e%2e/nginx.conf']) {
      const answer = await ask(path);
      expect(answer.status, path).toBe(404);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(await codeOf(answer)).toBe('not-found');
    }
    const outside = await ask('/..%2f..%2fetc%2fpasswd');
    expect([outside.status, await codeOf(outside)]).toEqual([400, 'bad-request']);
    const posted = await post('/', '{}');
    expect([posted.status, await codeOf(posted)]).toEqual([405, 'method-not-allowed']);
  });
});

describe('the services', () => {
  it('are found under their paths, and their own errors are passed on', async () => {
    expect(await upgradeStatus()).toBe(426);
    const master = await ask('/api/accounts/nobody');
    expect([master.status, await codeOf(master)]).toEqual([401, 'unauthorized']);
    for (const number of [1, 2, 3]) {
      const node = await ask(`/node${number}/messages/${ANYBODY}?device=1`);
      expect([node.status, await codeOf(node)]).toEqual([401, 'unauthorized']);
      expect(await loggedOf(node)).toMatchObject({ upstreamStatus: '401' });
    }
  });

  it('take and give parts of blobs, and no log has which', async () => {
    const signer = createTokenSigner(ensureSecrets(cluster.dataDir).tokenPrivateKey);
    const blob = mintBlobId(Date.now(), randomBytes(10));
    const data = randomBytes(LIMITS.blobPartBytes);
    const ticket = await signer.blob({ blob, bytes: data.length }, Date.now() + 60_000);
    const headers = { authorization: `Bearer ${ticket}`, 'content-type': 'application/octet-stream' };
    const part = `/node1/blobs/${blob}/0`;
    const stored = await ask(part, { method: 'PUT', body: data, headers });
    expect(stored.status).toBe(200);
    const given = await ask(part, { headers });
    expect(Buffer.from(await given.arrayBuffer()).equals(data)).toBe(true);
    expect(await (await ask(`/node1/blobs/${blob}`, { headers })).json()).toEqual({
      parts: [{ from: 0, to: 0 }],
    });
    expect((await ask(part, { method: 'PUT', body: Buffer.concat([data, data]), headers })).status).toBe(413);
    for (const [answer, route] of [
      [stored, '/node1/blobs/:id/:part'],
      [await ask(`/node1/blobs/${blob}`, { headers }), '/node1/blobs/:id'],
    ] as const)
      expect(await loggedOf(answer)).toMatchObject({ route });
    expect(JSON.stringify(nginx.requests())).not.toContain(blob);
  });

  it('answer for the watch, of which nothing but its page is reached, while it is away', async () => {
    expect((await ask('/cluster')).headers.get('location')).toBe('/cluster/');
    for (const path of ['/cluster/', '/cluster/state', '/cluster/../cluster/page.mjs']) {
      const answer = await ask(path);
      expect([answer.status, await codeOf(answer)], path).toEqual([503, 'unavailable']);
    }
    expect((await post('/cluster/session', 'x'.repeat(2_000))).status).toBe(413);
    const told = await ask('/cluster/state?secret');
    expect(await loggedOf(told)).toMatchObject({ route: '/cluster/state' });
  });

  it('hide what is for operators and for each other', async () => {
    const hidden = ['metrics', 'health', 'ready'].flatMap((name) => [
      `/${name}`,
      `/node1/${name}`,
      `/api/../${name}`,
    ]);
    const foreign = [
      '/node1/',
      '/node1/messages',
      '/node4/messages/delete',
      '/node1/messages/x/y/z',
      '/node1/blobs',
      '/node1/blobs/x/y',
      '/node4/blobs/x',
      '/mesh/out/messages-20260101',
      '/node1/mesh/out/messages-20260101',
      '/node1/mesh/in/node2/messages-20260101/_bulk_docs',
    ];
    for (const path of [...hidden, ...foreign]) {
      for (const answer of [await ask(path), await ask(path, { headers: { authorization: 'Bearer x' } })]) {
        expect(answer.status, path).toBe(404);
        expect(await codeOf(answer)).toBe('not-found');
        expect(await loggedOf(answer)).toMatchObject({ upstreamStatus: '' });
      }
    }
    expect((await post('/node1/messages', '{}')).status).toBe(404);
  });

  it('are told who asks, whatever the caller says, and log the same request id', async () => {
    const answer = await ask('/api/accounts/nobody', { headers: { 'x-request-id': 'mine' } });
    const id = answer.headers.get('x-request-id');
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(await loggedOf(answer)).toMatchObject({
      route: '/api/accounts/:id',
      status: '401',
      method: 'GET',
    });
    await waitFor('the line of the master', () =>
      readFileSync(cluster.parts.masters[0]!.logFile, 'utf8').includes(`"requestId":"${id!}"`),
    );
  });

  it('let pages of the other servers ask and read, and nobody else’s', async () => {
    const preflight = {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    };
    for (const path of ['/api/tokens', `/node1/messages/${ANYBODY}/ids?device=1`]) {
      const asked = await ask(path, { method: 'OPTIONS', headers: { ...preflight, origin: OTHER } });
      expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, OTHER]);
      expect(asked.headers.get('access-control-allow-headers')).toContain('authorization');
      const answer = await ask(path, { headers: { origin: OTHER } });
      // Refused by the service itself, said once.
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.headers.get('access-control-allow-origin')).toBe(OTHER);
      for (const headers of [{ ...preflight, origin: 'https://evil.example.org' }, preflight]) {
        const other = await ask(path, { method: 'OPTIONS', headers });
        expect(other.ok).toBe(false);
        expect(other.headers.get('access-control-allow-origin')).toBeNull();
      }
    }
    const files = await ask('/', { headers: { origin: OTHER } });
    expect(files.headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each([
    ['a mailbox node', () => cluster.parts.mailboxNodes[1]!, '/node2/messages/delete', 'mailbox node 2'],
    ['the master', () => cluster.parts.masters[0]!, '/api/tokens', 'the master'],
  ])('%s that is down is told at once, and found when it is back', async (_, process, path, name) => {
    const port = process().port;
    await process().kill('SIGKILL');
    const answer = await post(path, '{}', OTHER);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('access-control-allow-origin')).toBe(OTHER);
    const evil = await post(path, '{}', 'https://evil.example.org');
    expect(evil.headers.get('access-control-allow-origin')).toBeNull();
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(errorBody.parse(await answer.json())).toEqual({
      code: 'unavailable',
      message: `${name} does not answer`,
      retryAfterMs: 1_000,
    });
    expect((await ask('/')).status).toBe(200);
    if (name === 'the master') expect(await upgradeStatus()).toBe(503);
    await process().start();
    expect(process().port).toBe(port);
    expect((await post(path, '{}')).status).not.toBe(503);
  });

  it('take bodies up to the bound of the protocol; larger ones do not reach them', async () => {
    const [most, more] = [LIMITS.bodyBytes, LIMITS.bodyBytes + 1].map((size) => `"${'x'.repeat(size - 2)}"`);
    const taken = await post('/api/tokens', most!);
    expect([taken.status, await codeOf(taken)]).toEqual([400, 'bad-request']);
    const refused = await post('/api/tokens', more!);
    expect([refused.status, await codeOf(refused)]).toEqual([413, 'payload-too-large']);
    expect(await loggedOf(refused)).toMatchObject({ upstreamStatus: '' });
  });
});

describe('people', () => {
  it('talk over wss and fetch what waits for them; the log names none of them', async () => {
    const [alice, bob] = [
      await cluster.person('alice', [nginx.url]),
      await cluster.person('bob', [nginx.url]),
    ];
    await Promise.all([alice.enterLive(), bob.enterLive()]);
    await alice.sendAccepted(bob, 'through nginx');
    await bob.seesLast(alice, 'through nginx');
    await bob.leave();
    await alice.sendAccepted(bob, 'for later');
    await bob.enterLive();
    await bob.seesLast(alice, 'for later');
    await cluster.empty(bob);
    const { masterToken, mailboxToken } = await bob.session();
    await Promise.all([alice.leave(), bob.leave()]);

    const routes = (await waitFor('the ends of the connections', () => {
      const found = nginx.requests().map(({ route }) => route);
      return found.includes('/ws') ? found : null;
    })) as string[];
    expect(routes).toEqual(
      expect.arrayContaining(['/api/accounts', '/api/keys/:id', '/node1/messages/:id/ids']),
    );
    const secrets = [alice, bob].flatMap(({ username, address }) => [username, address.accountId]);
    for (const secret of [...secrets, masterToken, mailboxToken, 'device=', '127.0.0.1']) {
      expect(nginx.output()).not.toContain(secret);
    }
    expect(nginx.output()).not.toMatch(/\[(?:warn|error|crit|alert|emerg)\]/);
  });

  it('get live events as they come', async () => {
    const [alice, bob] = [
      await cluster.person('alice', [nginx.url]),
      await cluster.person('bob', [nginx.url]),
    ];
    const { mailboxToken } = await bob.session();
    const leaving = new AbortController();
    const { accountId, deviceId } = bob.address;
    const answer = await ask(`/node1/messages/${accountId}/events?device=${deviceId}`, {
      headers: { authorization: `Bearer ${mailboxToken}`, 'accept-encoding': 'gzip' },
      signal: leaving.signal,
    });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toContain(': listening');
    await alice.enterLive();
    await alice.sendAccepted(bob, 'live');
    let read = '';
    while (!read.includes('event: envelope')) read += (await reader.read()).value ?? '';
    leaving.abort();
  });
});

describe('an address that asks too much', () => {
  const answersOf = (session: ClientHttp2Session, address: string): Promise<[number, string]> =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':path': '/nothing', [TEST_ADDRESS]: address });
      stream.once('error', reject);
      stream.once('response', ({ ':status': status }) => {
        text(stream).then((body) => resolve([status ?? 0, body]), reject);
      });
    });

  it('is told so, with all of its IPv6 network, and nobody else is', async () => {
    const from = (address: string): Promise<Response> =>
      ask('/nothing', { headers: { [TEST_ADDRESS]: address, origin: OTHER } });
    // One device that catches up, for a whole minute's allowance at three nodes at once.
    let statuses: number[] = [];
    while (!statuses.includes(429)) {
      const wave = await Promise.all(Array.from({ length: 100 }, () => from('2001:db8:1:2::1')));
      statuses = [...statuses, ...wave.map(({ status }) => status)];
      await Promise.all(wave.map((answer) => answer.text()));
      expect(statuses.length).toBeLessThan(20_000);
    }
    expect(statuses.indexOf(429)).toBeGreaterThanOrEqual(1_800);
    const neighbours = await Promise.all(Array.from({ length: 100 }, () => from('2001:db8:1:2:ffff::9')));
    const refused = neighbours.find(({ status }) => status === 429)!;
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('access-control-allow-origin')).toBe(OTHER);
    expect(errorBody.parse(await refused.json())).toMatchObject({
      code: 'rate-limited',
      retryAfterMs: 1_000,
    });
    expect((await from('2001:db8:1:3::1')).status).toBe(404);
  });

  it('has so many requests at a time', async () => {
    const [held, other] = [connectHttp2(nginx.url), connectHttp2(nginx.url)];
    for (let count = 0; count < 128; count += 1) {
      // Its body never comes.
      held
        .request({
          ':method': 'POST',
          ':path': '/api/tokens',
          'content-type': 'application/json',
          'content-length': '2',
          [TEST_ADDRESS]: '198.51.100.7',
        })
        .on('error', () => undefined);
    }
    const [, body] = await waitFor('a refusal', async () => {
      const answer = await answersOf(other, '198.51.100.7');
      return answer[0] === 429 ? answer : null;
    });
    expect(errorBody.parse(JSON.parse(body)).code).toBe('rate-limited');
    expect((await answersOf(other, '198.51.100.8'))[0]).toBe(404);
    held.destroy();
    await waitFor('an answer', async () => (await answersOf(other, '198.51.100.7'))[0] === 404);
    other.destroy();
  });
});
