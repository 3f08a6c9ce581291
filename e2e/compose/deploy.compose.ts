import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { waitFor } from '@restante/testkit';
import { launchChromium } from '@restante/testkit/browser';
import { makeCertificate } from '@restante/testkit/nginx';
import { messengerPage, type MessengerPage } from '@restante/testkit/messenger';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exchangeFiles } from '../messenger/exchange-files.ts';
import { startChat } from './chat.ts';
import { COUCHDB, startDeployment, type Deployment } from './deployment.ts';

/** The whole stack by `scripts/deploy`, on a real Docker engine. The tests go on from one another. */

const LASTING = ['couchdb1', 'couchdb2', 'couchdb3', 'master', 'nginx', 'node1', 'node2', 'node3', 'watch'];
/** Those that a deployment makes anew: what the others sign has no meaning without them. */
const SECRETS = /^(?:\w*PASSWORD|TOKEN_PRIVATE_KEY|TOKEN_PUBLIC_KEY)=(.+)$/gm;

let deployment: Deployment;
beforeAll(() => {
  deployment = startDeployment();
});
afterAll(() => deployment[Symbol.asyncDispose]());

const envFile = (): string => readFileSync(join(deployment.folder, '.env'), 'utf8');
const secrets = (): string[] => [...envFile().matchAll(SECRETS)].map(([line]) => line).sort();

describe('before anything is there', () => {
  test.each([
    [['--unknown'], 'unknown option --unknown'],
    [['--domain'], '--domain needs a value'],
    [['--https-port', 'x'], 'x is not a port'],
    [['--https-port', '65536'], '65536 is not a port'],
    [['--domain', 'a b'], 'a b is not a domain name'],
    [['--key', 'key.pem'], '--certificate and --key belong together'],
    [['--alert-webhook', 'x'], '--alert-webhook is not a web address'],
  ])('%j is a bad option', async (args, message) => {
    const { code, err } = await deployment.deploy(args);
    expect([code, err.includes(message)]).toEqual([2, true]);
  });

  test('--help tells what it does, --dry-run does nothing', async () => {
    expect(await deployment.deploy(['--help'])).toMatchObject({ code: 0, err: '' });
    expect((await deployment.deploy(['--dry-run'])).code).toBe(0);
    expect(() => envFile()).toThrow('ENOENT');
    expect(deployment.services()).toEqual([]);
  });

  test.each([
    [['--domain', 'nowhere.invalid'], 'the name nowhere.invalid has no address'],
    [['--certificate', 'package.json', '--key', 'package.json'], 'package.json is not a certificate'],
    [['--update'], 'there is nothing to update yet'],
    [['--rollback'], 'there is nothing to go back to'],
    [['--status'], 'there is no cluster here'],
  ])('%j is told what is missing', async (args, message) => {
    const { code, err } = await deployment.deploy(args);
    expect([code, err]).toEqual([1, expect.stringContaining(message)]);
    expect(() => envFile()).toThrow('ENOENT');
  });

  test('a port that is taken is told', async () => {
    await using other = createServer().listen(0);
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, err } = await deployment.deploy(['--https-port', String(port)]);
    expect([code, err]).toEqual([1, expect.stringContaining(`port ${port} is taken by another program`)]);
  });

  test('at a terminal it asks', async () => {
    const asked = await deployment.atTerminal(['--dry-run'], ['localhost', '', '18080', '18443', 'no']);
    expect(asked.out).toMatch(/Name that people open.*certificate.*HTTP.*HTTPS.*Prometheus/s);
    expect(asked).toMatchObject({ code: 0 });
    const elsewhere = await deployment.atTerminal(['--dry-run'], ['nowhere.invalid', '', '', '', '']);
    expect(elsewhere.out).toContain('the name nowhere.invalid has no address');
    expect(elsewhere).toMatchObject({ code: 1 });
  });
});

describe('a deployment that is killed on its way', () => {
  test.each(['==> Images', '==> Containers', 'node1 is healthy'])(
    'at "%s" ends well the next time',
    async (place) => {
      const { code } = await deployment.deploy(COUCHDB, place);
      expect(code).toBeNull();
      const before = secrets();
      expect(before.length).toBeGreaterThan(8);
      if (place !== 'node1 is healthy') return;
      const second = await deployment.deploy();
      expect(second.err.replaceAll(/^(?:Creating|Starting|Recreating|Building).*$/gm, '')).not.toContain(
        'deploy:',
      );
      expect(second.code).toBe(0);
      expect(second.out).toContain('The mesh is whole');
      expect(secrets()).toEqual(before);
      expect(`${second.out}${second.err}`).not.toMatch(
        new RegExp(before.map((line) => line.split('=')[1]).join('|')),
      );
    },
  );

  test('leaves settings that nobody else can read', () => {
    for (const file of ['.env', 'tls/key.pem']) {
      expect(statSync(join(deployment.folder, file)).mode & 0o777, file).toBe(0o600);
    }
  });
});

describe('the stack', () => {
  test('has every service, healthy', () => {
    expect(deployment.services()).toEqual(LASTING);
    for (const service of LASTING) expect(deployment.health(service), service).toBe('healthy');
  });

  test.each(LASTING)('%s has few rights and bounds', (service) => {
    const [inspected] = JSON.parse(deployment.docker('inspect', deployment.container(service))) as [
      {
        HostConfig: Record<string, unknown> & { LogConfig: { Config: Record<string, string> } };
        Config: { User: string };
      },
    ];
    const { HostConfig, Config } = inspected;
    expect(HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      RestartPolicy: { Name: 'unless-stopped' },
      LogConfig: { Config: { 'max-size': '10m', 'max-file': '5' } },
    });
    expect(HostConfig['Memory']).toBeGreaterThan(0);
    expect(HostConfig['NanoCpus']).toBeGreaterThan(0);
    expect(Config.User.split(':')[0]).toMatch(/^[1-9]\d*$/);
    const published = Object.keys(HostConfig['PortBindings'] ?? {});
    expect(published.length).toBe(service === 'nginx' ? 2 : 0);
  });

  test('HTTP leads to HTTPS', async () => {
    const response = await fetch(`${deployment.httpOrigin}/x`, { redirect: 'manual' });
    expect(response.status).toBe(308);
    expect(response.headers.get('location')).toBe(`${deployment.origin}/x`);
  });

  test.each(['127.0.0.1', '[::1]'])('answers at %s', async (address) => {
    const { port } = new URL(deployment.origin);
    expect((await fetch(`https://${address}:${port}/`)).status).toBe(200);
    expect((await fetch(`https://${address}:${port}/api/accounts/x`)).status).toBe(401);
  });

  test('CouchDB has no way out and none in', () => {
    const network = (service: string) =>
      deployment.docker(
        'inspect',
        '--format',
        '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}',
        deployment.container(service),
      );
    for (const service of ['couchdb1', 'couchdb2', 'couchdb3']) {
      const name = network(service);
      expect(name).toMatch(/^\w+_databases$/);
      expect(deployment.docker('network', 'inspect', '--format', '{{.Internal}}', name)).toBe('true');
    }
    expect(network('nginx')).not.toContain('databases');
  });

  test('--status says that all is well', async () => {
    const { code, out } = await deployment.deploy(['--status']);
    expect(out).toContain('node3');
    expect(code).toBe(0);
  });

  test('a second scripts/deploy at the same time is refused', async () => {
    const [first, second] = await Promise.all([deployment.deploy(), deployment.deploy()]);
    expect([first.code, second.code].sort()).toEqual([0, 1]);
    expect(first.err + second.err).toContain('another scripts/deploy is at work here');
  });

  test('two browsers chat over HTTPS, and exchange a picture, a film of 80 MB, a PDF and a voice message', async () => {
    await using browser = await launchChromium({ hasMicrophone: true });
    const enter = async (name: string): Promise<MessengerPage> => {
      const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-US' });
      const tab = await context.newPage();
      await tab.goto(deployment.origin);
      const page = messengerPage(() => tab);
      await page.signUp(name);
      await page.isConnected('live');
      return page;
    };
    const [first, second] = [await enter('first'), await enter('second')];
    await first.add('second');
    await first.write('over the whole stack');
    await second.open('first');
    await second.accept();
    await second.sees('over the whole stack');
    await second.write('and back');
    await first.sees('and back');
    await second.sent('and back', 'read');
    await exchangeFiles(first, second, 80);
  });
});

describe('what an operator changes', () => {
  const served = async (): Promise<string> => {
    const { hostname, port } = new URL(deployment.origin);
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };

  test('what certbot puts into the webroot is answered over HTTP', async () => {
    const challenges = join(deployment.folder, 'acme/.well-known/acme-challenge');
    mkdirSync(challenges, { recursive: true, mode: 0o755 });
    writeFileSync(join(challenges, 'token'), 'answer', { mode: 0o644 });
    const answer = await fetch(`${deployment.httpOrigin}/.well-known/acme-challenge/token`);
    expect([answer.status, await answer.text()]).toEqual([200, 'answer']);
  });

  test('another certificate is served at once, without a restart', async () => {
    const folder = mkdtempSync(join(deployment.folder, 'certificate-'));
    makeCertificate(folder);
    const { fingerprint256 } = new X509Certificate(readFileSync(join(folder, 'certificate.pem')));
    const before = deployment.docker(
      'inspect',
      '--format',
      '{{.State.StartedAt}}',
      deployment.container('nginx'),
    );
    const files = ['--certificate', join(folder, 'certificate.pem'), '--key', join(folder, 'key.pem')];
    expect(await deployment.deploy(files)).toMatchObject({ code: 0 });
    await waitFor('the new certificate', async () => (await served()) === fingerprint256);
    expect(
      deployment.docker('inspect', '--format', '{{.State.StartedAt}}', deployment.container('nginx')),
    ).toBe(before);
  });

  test.each(['DIRECTORY_PRIVATE_KEY', 'DIRECTORY_PUBLIC_KEYS'])(
    'no %s is made for a directory that is there',
    async (name) => {
      const file = join(deployment.folder, '.env');
      const before = envFile();
      const without = before.replace(new RegExp(`^(?:${name}|TOKEN_PRIVATE_KEY)=.+$`, 'gm'), (line) =>
        line.replace(/=.*/, '='),
      );
      writeFileSync(file, without);
      expect(await deployment.deploy()).toMatchObject({
        code: 1,
        err: expect.stringContaining(`.env has no ${name}`) as string,
      });
      expect(envFile()).toBe(without);
      writeFileSync(file, before);
    },
  );

  test('every secret is made anew where it was taken out of .env; people notice nothing', async () => {
    await using chat = await startChat(deployment.origin, deployment.folder, ['clara', 'dora']);
    await chat.flows();
    const before = secrets();
    writeFileSync(
      join(deployment.folder, '.env'),
      envFile().replaceAll(SECRETS, (line) => line.replace(/=.*/, '=')),
    );
    expect(secrets()).toEqual([]);
    expect(await deployment.deploy()).toMatchObject({ code: 0 });
    expect(secrets()).toHaveLength(before.length);
    for (const secret of before) expect(secrets()).not.toContain(secret);
    await chat.answers();
    await chat.flows();
    expect(await chat.end()).toMatchObject({ lost: [], shownTwice: [], failed: [], outOfOrder: false });
  });
});
