import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createPerson, type Person } from '@restante/testkit/cluster';
import { launchChromium } from '@restante/testkit/browser';
import { messengerPage, type MessengerPage } from '@restante/testkit/messenger';
import { waitFor } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDeployment, type Deployment } from './deployment.ts';

/** The whole stack by `scripts/deploy`, on a real Docker engine. The tests go on from one another. */

const LASTING = ['couchdb1', 'couchdb2', 'couchdb3', 'master', 'nginx', 'node1', 'node2', 'node3'];
const EMBEDDED = process.env['COMPOSE_COUCHDB'] === undefined ? ['--couchdb', 'embedded'] : [];
const SECRETS = /^(?:\w*PASSWORD|TOKEN_PRIVATE_KEY|TOKEN_PUBLIC_KEY)=(.+)$/gm;

let deployment: Deployment;
beforeAll(() => {
  deployment = startDeployment();
});
afterAll(() => deployment[Symbol.asyncDispose]());

const envFile = (): string => readFileSync(join(deployment.folder, '.env'), 'utf8');
const secrets = (): string[] => [...envFile().matchAll(SECRETS)].map(([line]) => line).sort();
const health = (service: string): string =>
  deployment.docker('inspect', '--format', '{{.State.Health.Status}}', deployment.container(service));

describe('before anything is there', () => {
  test.each([
    [['--unknown'], 'unknown option --unknown'],
    [['--domain'], '--domain needs a value'],
    [['--https-port', 'x'], 'x is not a port'],
    [['--key', 'key.pem'], '--certificate and --key belong together'],
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
});

describe('a deployment that is killed on its way', () => {
  test.each(['==> Images', '==> Containers', 'node1 is healthy'])(
    'at "%s" ends well the next time',
    async (place) => {
      const { code } = await deployment.deploy(EMBEDDED, place);
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
    expect(deployment.services()).toEqual([...LASTING, 'setup-replication'].sort());
    for (const service of LASTING) expect(health(service), service).toBe('healthy');
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
    const response = await fetch(deployment.httpOrigin, { redirect: 'manual' });
    expect(response.status).toBe(308);
    expect(response.headers.get('location')).toMatch(/^https:/);
  });

  test('two browsers chat over HTTPS', async () => {
    await using browser = await launchChromium();
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
  });
});

describe('an update while people chat', () => {
  const people: Person[] = [];
  afterAll(async () => {
    for (const person of people) await person[Symbol.asyncDispose]();
  });

  test('loses nothing, shows nothing twice, fails nothing; so does going back', async () => {
    for (const name of ['anna', 'ben']) {
      const person = await createPerson(name, join(deployment.folder, `${name}.sqlite`), [deployment.origin]);
      await person.enterLive();
      people.push(person);
    }
    const [anna, ben] = people as [Person, Person];
    let count = 0;
    let ended = false;
    const arrivals: number[] = [];
    ben.messenger().on('message', ({ direction }) => {
      if (direction === 'in') arrivals.push(performance.now());
    });
    const chat = async (): Promise<void> => {
      while (!ended) {
        count += 1;
        await anna.send(ben, `text ${count}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const chatting = chat();
    await waitFor('the chat to flow', () => arrivals.length > 20);
    const before = /^RESTANTE_VERSION=(.*)$/m.exec(envFile())?.[1];
    const update = await deployment.deploy(['--update']);
    expect(update.err).not.toContain('deploy:');
    expect(update.code).toBe(0);
    expect(envFile()).toContain(`RESTANTE_VERSION_BEFORE=${before}\n`);
    const rollback = await deployment.deploy(['--rollback']);
    expect(rollback.code).toBe(0);
    expect(envFile()).toContain(`RESTANTE_VERSION=${before}\n`);
    ended = true;
    await chatting;
    const expected = Array.from({ length: count }, (_, index) => `text ${index + 1}`);
    const seen = await ben.seesLast(anna, `text ${count}`);
    expect(seen).toEqual(expected);
    expect([...ben.shown].sort()).toEqual([...expected].sort());
    const own = await anna.messenger().messages(ben.address.accountId, { limit: count });
    expect(own.filter(({ state }) => state === 'failed')).toEqual([]);
    const pauses = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? at));
    process.stdout.write(
      `update and rollback: ${count} texts, longest pause of live push ${Math.round(Math.max(...pauses))} ms\n`,
    );
  });
});
