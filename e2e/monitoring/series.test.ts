import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mintMessageId, type Send } from '@restante/protocol';
import { readConfig, startWatch, type Watch } from '@restante/scripts/watch';
import { createLog } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import { openWire, startTestCluster, type Person, type TestCluster } from '@restante/testkit/cluster';
import { startNginx } from '@restante/testkit/nginx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BOARDS } from '../../monitoring/grafana/boards.ts';
import { parseExposition, type Family } from './exposition.ts';
import { documentedSeries } from './metrics-page.ts';
import { namedSeries } from './named-series.ts';
import { startPrometheus, type Prometheus } from './prometheus-process.ts';

/** Metrics, boards and alerts against a running cluster and a real Prometheus that scrapes it. */

const cleanup = new AsyncDisposableStack();
let cluster: TestCluster;
let watch: Watch;
let prometheus: Prometheus;
let alice: Person;
let bob: Person;
beforeAll(async () => {
  cluster = cleanup.use(await startTestCluster());
  const host = (url: string): string => new URL(url).host;
  const masterUrls = cluster.parts.masters.map(({ url }) => url);
  const mailboxNodes = cluster.parts.mailboxNodes.map(({ url }) => url);
  const nginx = cleanup.use(
    await startNginx({ master: masterUrls[0]!, mailboxNodes, messengerDir: cluster.dataDir }),
  );
  watch = cleanup.use(
    await startWatch(
      readConfig({
        PORT: '0',
        MASTER_URLS: masterUrls.join(','),
        MAILBOX_NODES: mailboxNodes.map((url, index) => `node${index + 1}=${url}`).join(','),
        PEOPLE_ADDRESS: host(nginx.url),
      }),
      createLog('watch', 'silent'),
    ),
  );
  prometheus = cleanup.use(
    await startPrometheus({
      'master:3000': host(masterUrls[0]!),
      'watch:3002': host(watch.url),
      ...Object.fromEntries(mailboxNodes.map((url, index) => [`node${index + 1}:3001`, host(url)])),
    }),
  );
  alice = await cluster.person('alice');
  bob = await cluster.person('bob');
  await alice.enterLive();
  await alice.sendAccepted(bob, 'hello');
});
afterAll(() => cleanup.disposeAsync());

const services = () => [...cluster.parts.masters, ...cluster.parts.mailboxNodes, watch];

/** Families of all services, once each of ours has a sample. */
const exposed = (): Promise<Map<string, Family>> =>
  waitFor('samples of every family', async () => {
    const scrapes = await Promise.all(
      services().map(async ({ url }) => (await fetch(`${url}/metrics`)).text()),
    );
    const families = scrapes.flatMap((text) => [...parseExposition(text).values()]);
    const all = new Map<string, Family>();
    for (const family of families) if (all.get(family.name)?.labels == null) all.set(family.name, family);
    return [...all.values()].every((one) => one.labels !== null || !isOurs(one.name)) && all;
  });
const isOurs = (name: string): boolean => /^(restante|gateway|mailbox|watch)_/.test(name);

const ratesOverAMinute = (query: string): string => query.replaceAll('$__rate_interval', '1m');
const panelQueries = BOARDS.flatMap(({ panels }) =>
  panels.flatMap(({ queries }) => Object.values(queries)),
).map(ratesOverAMinute);

describe('every series', () => {
  it('is in docs/metrics.md with its type and labels, and nothing else is', async () => {
    const families = await exposed();
    const documented = new Map(documentedSeries().map((row) => [row.name, row]));
    expect([...documented.keys()].sort()).toEqual([...families.keys()].sort());
    for (const { name, type, labels } of families.values()) {
      expect({ name, type, labels: labels ?? documented.get(name)?.labels }).toMatchObject({
        name: documented.get(name)?.name,
        type: documented.get(name)?.type,
        labels: documented.get(name)?.labels,
      });
      expect(documented.get(name)?.meaning).not.toBe('');
    }
  });

  it('of ours has a help text and a name by the conventions', async () => {
    const ours = [...(await exposed()).values()].filter(({ name }) => isOurs(name));
    expect(ours.length).toBeGreaterThanOrEqual(40);
    for (const { name, type, help } of ours) {
      expect(help, name).not.toBe('');
      expect(name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(name, 'not a base unit').not.toMatch(
        /_(ms|milliseconds|minutes|hours|kb|mb|kilobytes|megabytes|percent)(_|$)/,
      );
      if (type === 'histogram') expect(name).toMatch(/_(seconds|bytes|keys|documents)$/);
    }
  });

  it('keeps the ids of people out', async () => {
    const texts = await Promise.all(
      services().map(async ({ url }) => (await fetch(`${url}/metrics`)).text()),
    );
    expect(texts.join('')).not.toContain(alice.address.accountId);
    expect(texts.join('')).not.toContain(alice.username);
  });
});

describe('every query of boards and alerts', () => {
  it('names only series and labels that there are', async () => {
    const rules = await prometheus.rules();
    const known = new Map<string, readonly string[]>([['up', []]]);
    for (const { name, labels, type } of documentedSeries()) {
      if (type !== 'histogram') known.set(name, labels);
      else for (const part of ['bucket', 'sum', 'count']) known.set(`${name}_${part}`, labels);
    }
    for (const { type, name, query } of rules) {
      if (type === 'recording') known.set(name, namedSeries(query).grouping);
    }
    const target = ['job', 'instance', 'node', 'le'];
    const queries = [...panelQueries, ...rules.map(({ query }) => query)];
    expect(queries.length).toBeGreaterThan(60);
    for (const query of queries) {
      const { series, grouping } = namedSeries(query);
      expect(series, query).not.toEqual([]);
      const labels = series.flatMap(({ name }) => known.get(name) ?? []);
      for (const one of series) {
        expect([...known.keys()], query).toContain(one.name);
        for (const label of one.labels) expect([...target, ...known.get(one.name)!], query).toContain(label);
      }
      for (const label of grouping) expect([...target, ...labels], query).toContain(label);
    }
  });

  it('of the boards has an answer in the real Prometheus', async () => {
    await bob.enterLive();
    await bob.seesLast(alice, 'hello');
    for (const query of panelQueries) {
      await waitFor(`an answer to ${query}`, async () => {
        const { result } = (await prometheus.api('query', { query })) as { result: unknown[] };
        // What only shows series above nothing is empty in a healthy cluster.
        return query.endsWith('> 0') || result.length > 0;
      });
    }
  });

  it('of the rules is evaluated without an error', async () => {
    await waitFor('every rule to be evaluated', async () =>
      (await prometheus.rules()).every(({ health }) => health === 'ok'),
    );
  });
});

describe('a request id', () => {
  it('given to the master with a WebSocket arrives in the log of every node, with the number of the frame', async () => {
    const requestId = `trace-${randomBytes(8).toString('hex')}`;
    const { masterToken } = await alice.session();
    using wire = await openWire(cluster.masters[0]!, masterToken, { 'x-request-id': requestId });
    const envelope = {
      deviceId: bob.address.deviceId,
      registrationId: await bob.registrationId(),
      type: 'message',
      payload: randomBytes(120).toString('base64'),
    } as const;
    const send: Send = {
      type: 'send',
      id: mintMessageId(Date.now(), randomBytes(10)),
      recipients: [{ accountId: bob.address.accountId, envelopes: [envelope] }],
    };
    wire.send({ type: 'ping' });
    await wire.sendAccepted(send);
    for (const { logFile } of cluster.parts.mailboxNodes) {
      const line = await waitFor(`a line in ${logFile}`, () =>
        readFileSync(logFile, 'utf8')
          .split('\n')
          .find((text) => text.includes(`${requestId}.2`)),
      );
      expect(JSON.parse(line)).toMatchObject({
        service: 'mailbox-node',
        event: 'request',
        route: '/messages',
        status: 200,
        requestId: `${requestId}.2`,
      });
    }
  });

  it('given to the master with a REST request comes back, and stands in its log', async () => {
    const requestId = `trace-${randomBytes(8).toString('hex')}`;
    const { url, logFile } = cluster.parts.masters[0]!;
    const answer = await fetch(`${url}/api/keys`, { headers: { 'x-request-id': requestId } });
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([401, requestId]);
    await waitFor('the line', () => readFileSync(logFile, 'utf8').includes(requestId));
  });
});
