import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { waitFor } from '@restante/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COUCHDB, startDeployment, type Deployment } from './deployment.ts';

/** Prometheus and Alertmanager of the profile "monitoring". Grafana is not among Debian's packages: it is left out. */

const MONITORING = ['prometheus', 'alertmanager'];
const SLOWLY = { timeoutMs: 300_000, everyMs: 500 };

type Alert = { readonly status: string; readonly labels: Readonly<Record<string, string>> };
type Notification = { readonly alerts: readonly Alert[] };

let deployment: Deployment;
let receiver: Server;
const alerts: Alert[] = [];

beforeAll(async () => {
  deployment = startDeployment();
  const { code, err } = await deployment.deploy(COUCHDB);
  if (code !== 0) throw new Error(err);
  receiver = createServer((request, response) => {
    void json(request).then((body) => {
      alerts.push(...(body as Notification).alerts);
      response.end();
    });
  }).listen(0);
  await once(receiver, 'listening');
});
afterAll(async () => {
  await deployment[Symbol.asyncDispose]();
  receiver.close();
});

test('both are healthy', async () => {
  const folder = join(deployment.folder, 'alerting');
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  deployment.compose('--profile', 'monitoring', 'up', '--detach', '--no-deps', ...MONITORING);
  const { port } = receiver.address() as AddressInfo;
  const address = `http://${deployment.gateway('monitoring')}:${port}/`;
  writeFileSync(join(folder, 'webhook-url'), address);
  chmodSync(join(folder, 'webhook-url'), 0o644);
  for (const service of MONITORING) {
    await waitFor(`${service} to be healthy`, () => deployment.health(service) === 'healthy', SLOWLY);
  }
});

test('a mailbox node that is killed is told to the webhook', async () => {
  deployment.docker('kill', deployment.container('node3'));
  const told = await waitFor(
    'the alert',
    () => alerts.find(({ labels }) => labels['alertname'] === 'MailboxNodeDown'),
    SLOWLY,
  );
  expect(told).toMatchObject({ status: 'firing', labels: { node: 'node3', severity: 'warning' } });
  // Nothing but what follows from it.
  const names = new Set(alerts.map(({ labels }) => labels['alertname']));
  expect([...names]).toEqual(['MailboxNodeDown']);
});
