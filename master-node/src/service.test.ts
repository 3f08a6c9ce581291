import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import type { MasterNode } from './index.ts';
import { clusterContract } from './testing/cluster.contract.ts';
import {
  call,
  connect,
  mintId,
  PASSWORD,
  randomKeys,
  recipient,
  register,
  waiting,
} from './testing/test-device.model.ts';
import { startTestNodes, type TestNodes } from './testing/test-nodes.model.ts';

type Event = { readonly event: string; readonly url?: string };

/** A master as a process of its own; it ends with the tests. */
const spawnMaster = async (variables: Readonly<Record<string, string>>) => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const env = { ...variables, LOG_LEVEL: 'info', EXIT_WITH_PARENT: '1' };
  const child = spawn(process.execPath, [main], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const events: Event[] = [];
  createInterface(child.stdout).on('line', (line) => events.push(JSON.parse(line) as Event));
  const url = await waitFor('the address', () => events.find(({ event }) => event === 'ready')?.url);
  return { child, ended, events, url };
};

describe('a master', () => {
  let nodes: TestNodes;
  let master: MasterNode;

  beforeAll(async () => {
    nodes = await startTestNodes();
    master = await nodes.master();
  });
  afterAll(() => nodes[Symbol.asyncDispose]());

  clusterContract('with its mailbox nodes', () => ({ masterUrl: master.url, nodeUrls: nodes.nodeUrls }));

  it('leaves no secret, token or payload in a log, at any level, with faults and without (law 6)', async () => {
    const lines: string[] = [];
    const destination = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lines.push(chunk.toString());
        done();
      },
    });
    const loud = await nodes.master({}, { log: createLog('test', 'debug', destination) });
    const [alice, bob] = [await register(loud.url), await register(loud.url)];
    const [fromAlice, toBob] = [await connect(loud.url, alice), await connect(loud.url, bob)];
    const message = recipient(bob);
    await fromAlice.send([message]);
    for (const proxy of nodes.proxies) {
      proxy.set('refuse');
      proxy.cut();
    }
    expect((await fromAlice.send([message])).type).toBe('refused');
    for (const proxy of nodes.proxies) proxy.set('pass');
    await fromAlice.send([{ ...message, envelopes: [{ ...message.envelopes[0]!, deviceId: 5 }] }]);
    fromAlice.raw(`{"type":"send","payload":"${message.envelopes[0]!.payload}"}`);
    await fromAlice.hears('error');
    const keys = randomKeys(0);
    const device = { name: 'test', keys };
    const wrong = `wrong ${PASSWORD}`;
    await call(`${loud.url}/api/devices`, 'POST', {
      body: { username: alice.username, password: wrong, device },
    });
    await call(`${loud.url}/api/accounts`, 'POST', {
      body: { username: alice.username, password: PASSWORD, device },
    });
    await call(`${loud.url}/api/devices`, 'GET', { token: alice.mailboxToken });
    await call(`${loud.url}/api/tokens`, 'POST', { body: { ...bob, deviceSecret: alice.deviceSecret } });
    await toBob.close();
    await loud[Symbol.asyncDispose]();

    const log = lines.join('');
    for (const event of [
      'ready',
      'send-refused',
      'mailbox-node-down',
      'request-failed',
      'frame-refused',
      'stopped',
    ]) {
      expect(log).toContain(`"event":"${event}"`);
    }
    const secrets = [alice, bob].flatMap((one) => [
      one.masterToken,
      one.mailboxToken,
      one.deviceSecret,
      one.accountId,
    ]);
    for (const secret of [...secrets, PASSWORD, message.envelopes[0]!.payload, keys.identityKey]) {
      expect(log).not.toContain(secret);
    }
  });

  it('runs as a process: says where it is, and ends in order at SIGTERM', async () => {
    const { child, ended, events, url } = await spawnMaster(nodes.variables);
    const [alice, bob] = [await register(url), await register(url)];
    const socket = await connect(url, alice);
    expect(await socket.send([recipient(bob)])).toMatchObject({ type: 'accepted' });
    child.kill('SIGTERM');
    await waitFor('the close', () => socket.closed() === 1001);
    expect(await ended).toEqual([0, null]);
    expect(events.at(-1)).toMatchObject({ event: 'stopped' });
  });

  it('killed at any moment, it has accepted nothing that is not stored', async () => {
    const { child, ended, url } = await spawnMaster(nodes.variables);
    const [alice, bob] = [await register(url), await register(url)];
    const socket = await connect(url, alice);
    for (let index = 0; index < 300; index += 1) {
      socket.write({ type: 'send', id: mintId(), recipients: [recipient(bob)] });
    }
    await socket.hears('accepted', 50);
    child.kill('SIGKILL');
    await ended;
    await waitFor('the close', () => socket.closed() !== null);
    const accepted = socket.heard('accepted');
    const ids = await Promise.all(
      nodes.nodeUrls.map(async (node) => new Set((await waiting(node, bob)).map(({ id }) => id))),
    );
    for (const { messageId, copies } of accepted) {
      expect(ids.filter((held) => held.has(messageId)).length).toBeGreaterThanOrEqual(copies);
    }
  });
});
