import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { createLog } from '@restante/service-kit';
import { makeCertificate } from '@restante/testkit/nginx';
import { afterEach, describe, expect, it } from 'vitest';
import { serve } from '../testing/serve.ts';
import type { ShownState } from './cluster-routes.ts';
import { readConfig } from './config.ts';
import { startWatch } from './service.ts';

const PASSWORD = 'the-password-of-the-operator';
/** Where nobody listens. */
const NOBODY = 'http://127.0.0.1:9';
const CELL = { SERVERS: 'a.example.org,b.example.org', SERVER_NUMBER: '1' };

const cleanups: (() => PromiseLike<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const watch = async (variables: Readonly<Record<string, string>> = {}): Promise<string> => {
  const started = await startWatch(
    readConfig({ PORT: '0', MASTER_URLS: NOBODY, MAILBOX_NODES: `node1=${NOBODY}`, ...variables }),
    createLog('watch', 'silent'),
  );
  cleanups.push(() => started[Symbol.asyncDispose]());
  return started.url;
};
const stateOf = async (url: string, cookie = ''): Promise<ShownState> =>
  (await (await fetch(`${url}/cluster/state`, { headers: { cookie } })).json()) as ShownState;
const logIn = (url: string, password: unknown, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${url}/cluster/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ password }),
  });
const cookieOf = (answer: Response): string => answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';

describe('the operator', () => {
  it('sees everything by a cookie that scripts, other paths and other sites do not have', async () => {
    const url = await watch({ OPERATOR_PASSWORD: PASSWORD });
    expect(await stateOf(url)).toMatchObject({ isWell: false, mayLogIn: true, cell: null });
    const answer = await logIn(url, PASSWORD);
    expect(answer.status).toBe(204);
    const [cookie] = answer.headers.getSetCookie();
    for (const bound of ['Path=/cluster', 'HttpOnly', 'Secure', 'SameSite=Strict', 'Max-Age=28800']) {
      expect(cookie).toContain(bound);
    }
    expect(cookie).not.toContain(PASSWORD);
    const { cell } = await stateOf(url, `other=1; ${cookieOf(answer)}`);
    expect(cell?.problems).toEqual(expect.arrayContaining(['master 1 is down', 'node1 is down']));
    const out = await fetch(`${url}/cluster/session`, { method: 'DELETE' });
    expect(out.headers.getSetCookie()[0]).toContain('restante-operator=;');
  });

  it('is nobody else, and is not guessed', async () => {
    const url = await watch({ OPERATOR_PASSWORD: PASSWORD, TRUST_PROXY: '1' });
    const from = (address: string) => ({ 'x-forwarded-for': address });
    for (const password of ['', 'wrong', `${PASSWORD}x`]) {
      const answer = await logIn(url, password, from('203.0.113.1'));
      expect(answer.status).toBe(401);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    for (const bad of [7, null, ['x'], 'x'.repeat(201)]) {
      expect((await logIn(url, bad, from('203.0.113.1'))).status).toBe(400);
    }
    expect((await logIn(url, 'x'.repeat(2_000), from('203.0.113.1'))).status).toBe(413);
    for (let attempt = 0; attempt < 7; attempt += 1) await logIn(url, 'wrong', from('203.0.113.1'));
    const refused = await logIn(url, PASSWORD, from('203.0.113.1'));
    expect([refused.status, refused.headers.has('retry-after')]).toEqual([429, true]);
    expect((await logIn(url, PASSWORD, from('203.0.113.2'))).status).toBe(204);
    for (const cookie of [
      'restante-operator=',
      'restante-operator=9999999999999.x',
      `restante-operator=${PASSWORD}`,
    ]) {
      expect((await stateOf(url, cookie)).cell).toBeNull();
    }
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('watch_logins_total{result="accepted"} 1');
    expect(metrics).toContain('watch_logins_total{result="refused"} 11');
  });

  it('is nobody where there is no password', async () => {
    const url = await watch();
    expect(await stateOf(url)).toMatchObject({ mayLogIn: false, cell: null });
    expect((await logIn(url, '')).status).toBe(404);
  });
});

describe('a cell', () => {
  it('whose other server is away says so', async () => {
    const url = await watch({ ...CELL, WATCH_URLS: `${NOBODY},${NOBODY}1`, OPERATOR_PASSWORD: PASSWORD });
    const cookie = cookieOf(await logIn(url, PASSWORD));
    const { servers, cell } = await stateOf(url, cookie);
    expect(servers).toEqual([
      { name: 'a.example.org', isServing: false },
      { name: 'b.example.org', isServing: false },
    ]);
    expect(cell?.problems).toEqual([
      'a.example.org: master 1 is down',
      'a.example.org: node1 is down',
      'b.example.org is missing',
    ]);
  });

  it('is told by each server of itself', async () => {
    const other = await watch();
    const url = await watch({ ...CELL, WATCH_URLS: `${NOBODY},${other}`, OPERATOR_PASSWORD: PASSWORD });
    const { cell } = await stateOf(url, cookieOf(await logIn(url, PASSWORD)));
    expect(cell?.servers[1]?.state).toMatchObject({ masters: [{ up: false }], nodes: [{ name: 'node1' }] });
    expect(cell?.problems).toContain('b.example.org: node1 is down');
  });

  it('takes nothing from a server that tells something else, or without an end', async () => {
    const lies = [
      '{}',
      'no JSON',
      JSON.stringify({ masters: [{ name: 'x' }], nodes: [], problems: [], certificates: [] }),
    ];
    for (const lie of lies) {
      await using liar = await serve((_request, response) => response.end(lie));
      const url = await watch({ ...CELL, WATCH_URLS: `${NOBODY},http://${liar.host}` });
      expect(await (await fetch(`${url}/metrics`)).text()).toContain(
        'watch_server_up{server="b.example.org"} 0',
      );
    }
    const broken = Promise.withResolvers<undefined>();
    await using endless = await serve((_request, response) => {
      const more = (): void => {
        while (response.write('x'.repeat(64 * 1024)));
      };
      response.on('drain', more).on('close', () => broken.resolve(undefined));
      more();
    });
    const url = await watch({ ...CELL, WATCH_URLS: `${NOBODY},http://${endless.host}` });
    expect(await stateOf(url)).toMatchObject({ servers: [{}, { isServing: false }] });
    await broken.promise;
  });

  it('is asked once, however many ask', async () => {
    let asked = 0;
    await using other = await serve((_request, response) => {
      asked += 1;
      response.end('{}');
    });
    const url = await watch({ ...CELL, WATCH_URLS: `${NOBODY},http://${other.host}` });
    await Promise.all(Array.from({ length: 50 }, () => stateOf(url)));
    expect(asked).toBe(1);
  });
});

describe('certificates', () => {
  it('are looked at where they are shown, and are told before they end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'restante-watch-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    const certificate = makeCertificate(folder);
    const tls = createTlsServer({
      cert: readFileSync(certificate),
      key: readFileSync(join(folder, 'key.pem')),
    });
    tls.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(tls, 'listening');
    cleanups.push(async () => {
      await once(tls.close(), 'close');
    });
    const url = await watch({
      ...CELL,
      WATCH_URLS: `${NOBODY},${NOBODY}1`,
      PEOPLE_ADDRESS: `127.0.0.1:${(tls.address() as AddressInfo).port}`,
      DOOR_ADDRESS: '127.0.0.1:9',
      OPERATOR_PASSWORD: PASSWORD,
    });
    const { cell } = await stateOf(url, cookieOf(await logIn(url, PASSWORD)));
    expect(cell?.problems).toEqual(
      expect.arrayContaining([
        'a.example.org: the certificate that people are shown ends in a day',
        'a.example.org: the certificate that servers are shown could not be looked at',
      ]),
    );
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const [, notAfter] =
      /^watch_certificate_not_after_seconds\{certificate="people"\} (\d+)$/m.exec(metrics) ?? [];
    const days = (Number(notAfter) - Date.now() / 1000) / 86_400;
    expect(Math.round(days)).toBe(2);
    expect(metrics).toContain('watch_certificate_shown{certificate="servers"} 0');
  });
});

describe('the configuration', () => {
  it('names what is wrong, and quotes no password', () => {
    const refuse = (variables: Readonly<Record<string, string>>): string => {
      try {
        readConfig({ MASTER_URLS: NOBODY, MAILBOX_NODES: `node1=${NOBODY}`, ...variables });
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(refuse({ OPERATOR_PASSWORD: 'short' })).toMatch(/OPERATOR_PASSWORD/);
    expect(refuse({ OPERATOR_PASSWORD: 'short' })).not.toContain('short');
    expect(refuse({ NODES_HERE: 'node2' })).toContain('NODES_HERE');
    expect(refuse({ PEOPLE_ADDRESS: 'nginx' })).toContain('PEOPLE_ADDRESS');
    expect(refuse(CELL)).toContain('WATCH_URLS');
    expect(refuse({ ...CELL, SERVER_NUMBER: '3', WATCH_URLS: `${NOBODY},${NOBODY}1` })).toContain(
      'SERVER_NUMBER',
    );
    expect(refuse({})).toBe('');
  });
});
