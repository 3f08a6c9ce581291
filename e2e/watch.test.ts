import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { startWatch, readConfig, type ShownState, type Watch } from '@restante/scripts/watch';
import { createLog } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import { launchChromium } from '@restante/testkit/browser';
import { startTestCluster, type TestCluster } from '@restante/testkit/cluster';
import { startNginx, TEST_ADDRESS, type Nginx } from '@restante/testkit/nginx';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The page of a cell of three servers, through the nginx of production: what the public sees, what the operator sees, a server gone. */

const SERVERS = ['a.example.org', 'b.example.org', 'c.example.org'];
const PASSWORD = 'the-password-of-the-operator';

const cleanup = new AsyncDisposableStack();
let cluster: TestCluster;
let watches: Watch[];
let nginx: Nginx;
let browser: Browser;

const freePorts = async (count: number): Promise<number[]> => {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
};

beforeAll(async () => {
  cluster = cleanup.use(await startTestCluster({ servers: 3 }));
  const { masters, mailboxNodes } = cluster.parts;
  const ports = await freePorts(3);
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  nginx = cleanup.use(
    await startNginx({
      master: masters[0]!.url,
      mailboxNodes: mailboxNodes.map(({ url }) => url),
      watch: urls[0]!,
      messengerDir: cluster.dataDir,
    }),
  );
  watches = await Promise.all(
    ports.map((port, index) =>
      startWatch(
        readConfig({
          PORT: String(port),
          MASTER_URLS: masters[index]!.url,
          MAILBOX_NODES: mailboxNodes.map(({ url }, at) => `node${at + 1}=${url}`).join(','),
          NODES_HERE: `node${index + 1}`,
          SERVERS: SERVERS.join(','),
          SERVER_NUMBER: String(index + 1),
          WATCH_URLS: urls.join(','),
          TRUST_PROXY: '1',
          ...(index === 0 && { OPERATOR_PASSWORD: PASSWORD, PEOPLE_ADDRESS: new URL(nginx.url).host }),
        }),
        createLog('watch', 'silent'),
      ),
    ),
  );
  for (const watch of watches) cleanup.use(watch);
  browser = await launchChromium({ certificateFile: nginx.certificateFile });
  cleanup.defer(() => browser.close());
});
afterAll(() => cleanup.disposeAsync());

/** A page that has met nothing that its policy forbids. */
const openPage = async (): Promise<{ page: Page; complaints: string[] }> => {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 401/.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${nginx.url}/cluster/`);
  return { page, complaints };
};
const seen = (page: Page, text: string) => page.getByText(text, { exact: true }).first().waitFor();
const logIn = async (page: Page, password: string): Promise<void> => {
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
};
/** Without what only tests have: the certificate of nginx holds for two days. */
const problemsOf = ({ cell }: ShownState): readonly string[] | undefined =>
  cell?.problems.filter((problem) => !problem.includes('certificate that people'));
const COUNTS = ['0 connections', '1 connection'];
const connectionsTold = async ({ url }: { readonly url: string }): Promise<number> =>
  ((await (await fetch(`${url}/health`)).json()) as { connections: number }).connections;
const stateOf = (page: Page): Promise<ShownState> =>
  page.evaluate(async () => (await (await fetch('state')).json()) as ShownState);

describe('the page of a cell', () => {
  it('tells the public which servers are up, and nothing else', async () => {
    const { page, complaints } = await openPage();
    for (const name of SERVERS) await page.getByRole('heading', { name: `${name} ✓ up` }).waitFor();
    const text = await page.locator('body').innerText();
    expect(text).not.toMatch(/node\d|connection|CouchDB|bus|certificate|behind|127\.0\.0\.1|missing/);
    expect(await page.getByRole('img', { name: /Mailbox nodes/ }).count()).toBe(0);
    const { cell, servers } = await stateOf(page);
    expect(cell).toBeNull();
    expect(servers.map((server) => Object.keys(server))).toEqual(SERVERS.map(() => ['name', 'isServing']));
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('shows the operator who is where, and the mesh with its lag', async () => {
    const person = await cluster.person('carol');
    await person.enterLive();
    const { page, complaints } = await openPage();
    await logIn(page, 'a-wrong-password');
    await seen(page, 'This is not the password.');
    await logIn(page, PASSWORD);
    const picture = page.getByRole('img', { name: /Mailbox nodes/ });
    await picture.waitFor();
    const state = await waitFor('a cell that is well', async () => {
      const now = await stateOf(page);
      return problemsOf(now)?.length === 0 && now;
    });
    const states = state.cell!.servers.map((server) => server.state!);
    expect(
      states.flatMap(({ nodes }) => nodes.map(({ name, lags }) => [name, ...Object.keys(lags).sort()])),
    ).toEqual([
      ['node1', 'node2', 'node3'],
      ['node2', 'node1', 'node3'],
      ['node3', 'node1', 'node2'],
    ]);
    // Which server it is the client chooses.
    await waitFor('the count of each master at its server', async () => {
      const told = await Promise.all(cluster.parts.masters.map(connectionsTold));
      const shown = await page.locator('article .count').allInnerTexts();
      return told.includes(1) && shown.join() === told.map((count) => COUNTS[count]).join();
    });
    expect(await picture.locator('.edge').count()).toBe(6);
    expect(await picture.locator('.node').count()).toBe(3);
    expect(await picture.locator('desc').textContent()).toMatch(
      /node1 at a\.example\.org is up.*node2 is \d+\.\d s behind node1/s,
    );
    await page.reload();
    await picture.waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await picture.waitFor({ state: 'hidden' });
    expect((await stateOf(page)).cell).toBeNull();
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('says in words that a server is missing', async () => {
    const { page } = await openPage();
    await logIn(page, PASSWORD);
    const { masters, mailboxNodes } = cluster.parts;
    await Promise.all([masters[2]!.kill('SIGKILL'), mailboxNodes[2]!.kill('SIGKILL')]);
    await watches[2]![Symbol.asyncDispose]();
    await seen(page, 'c.example.org is missing');
    await page.getByRole('heading', { name: 'c.example.org ✗ missing' }).waitFor();
    await page
      .getByRole('img', { name: /Mailbox nodes/ })
      .getByText('✗ away')
      .waitFor();
    const stranger = await browser.newContext({ extraHTTPHeaders: { [TEST_ADDRESS]: '203.0.113.9' } });
    const outside = await stranger.newPage();
    await outside.goto(`${nginx.url}/cluster/`);
    await seen(outside, '✗ Something is wrong. People may not notice.');
    await stranger.close();
    await page.close();
  });

  it('does not answer for a watch that is away, and all else goes on', async () => {
    const { page } = await openPage();
    await watches[0]![Symbol.asyncDispose]();
    await seen(page, '✗ This server does not tell how it is.');
    const answers = await page.evaluate(async () =>
      Promise.all(['/cluster/state', '/api/status'].map(async (path) => (await fetch(path)).status)),
    );
    expect(answers).toEqual([503, 200]);
    await page.close();
  });
});
