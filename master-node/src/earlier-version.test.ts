import { conversationWith, createMessenger, memoryVault, type Messenger } from '@restante/client';
import { libsignalRatchet } from '@restante/client/node';
import {
  PROTOCOL_VERSION,
  VERSION_HEADER,
  VERSIONS_HEADER,
  type DeviceAddress,
  type Versions,
} from '@restante/protocol';
import { EARLIER, EARLIER_VERSION, NOW_AND_EARLIER, waitFor } from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MasterNode } from './index.ts';
import { EARLIER_CONVERSATION, EARLIER_DEVICE, freshId } from './testing/earlier-conversation.model.ts';
import { replay } from './testing/replay.model.ts';
import {
  connect,
  listDevices,
  metric,
  PASSWORD,
  randomKeys,
  randomName,
  register,
} from './testing/test-device.model.ts';
import { startTestNodes, type TestNodes } from './testing/test-nodes.model.ts';

/** Law 14, over each wire: WebSocket, `/api`, `/messages` with its events, and from masters to mailbox nodes. */

type Place = {
  readonly nodes: TestNodes;
  readonly master: MasterNode;
  readonly messenger: (versions: Versions, fetch?: typeof globalThis.fetch) => Messenger;
};

const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());

const open = async (masterVersions: Versions, nodeVersions: readonly Versions[]): Promise<Place> => {
  const nodes = cleanup.use(await startTestNodes({}, nodeVersions));
  const addresses = nodes.proxies.map(({ url }, index) => `node${index + 1}=${url}|${url}`);
  const master = await nodes.master({ MAILBOX_NODES: addresses.join(',') }, { versions: masterVersions });
  return {
    nodes,
    master,
    messenger: (versions, fetch = globalThis.fetch) =>
      cleanup.use(
        createMessenger({
          ...{ masters: [master.url], vault: memoryVault(), ratchet: libsignalRatchet() },
          ...{ versions, fetch, backoff: { minMs: 10, maxMs: 50 } },
        }),
      ),
  };
};

const enter = async (messenger: Messenger): Promise<DeviceAddress & { username: string }> => {
  const username = randomName();
  await messenger.register({ username, password: PASSWORD, deviceName: 'first' });
  await messenger.start();
  await waitFor('live', () => messenger.connection().name === 'live');
  return (await messenger.self())!;
};

const textsWith = async (messenger: Messenger, { accountId }: DeviceAddress): Promise<string[]> =>
  (await messenger.messages(conversationWith(accountId))).map(({ text }) => text);

/** Two people write to each other: live, to one who is away, and without a master. */
const converse = async (place: Place, [alice, bob]: readonly [Messenger, Messenger]): Promise<void> => {
  const faults: unknown[] = [];
  for (const messenger of [alice, bob]) messenger.on('fault', (fault) => faults.push(fault));
  const [a, b] = [await enter(alice), await enter(bob)];
  await alice.sendText(b.username, 'one');
  await waitFor('one', async () => (await textsWith(bob, a)).length === 1);
  await bob.sendText(a.username, 'two');
  await waitFor('two', async () => (await textsWith(alice, b)).length === 2);
  bob.stop();
  await alice.sendText(b.username, 'three');
  await waitFor('three to be accepted', async () =>
    (await alice.messages(conversationWith(b.accountId))).every(({ state }) => state !== 'queued'),
  );
  await bob.start();
  await waitFor('three', async () => (await textsWith(bob, a)).length === 3);
  expect(await textsWith(bob, a)).toEqual(['one', 'two', 'three']);
  await waitFor('nothing to be left', async () => (await left(place, b)).every((count) => count === 0));
  expect(faults).toEqual([]);
};

/** How many messages wait for a device on each node, whatever version it speaks. */
const left = async ({ nodes }: Place, device: DeviceAddress): Promise<number[]> => {
  const token = await nodes.signer.device(device, 'mailbox', Date.now() + 60_000);
  return Promise.all(
    nodes.nodeUrls.map(async (url) => {
      const path = `/messages/${device.accountId}?device=${device.deviceId}`;
      const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
      return ((await answer.json()) as { messages: unknown[] }).messages.length;
    }),
  );
};

describe('a client of the version before, with servers of this one', () => {
  let place: Place;
  beforeAll(async () => {
    place = await open(NOW_AND_EARLIER, [NOW_AND_EARLIER, NOW_AND_EARLIER, NOW_AND_EARLIER]);
  });

  it('hears what it has always heard, as its recorded conversation shows', async () => {
    const { master, nodes } = place;
    const keys = randomKeys();
    const other = await register(master.url, randomName(), keys);
    const known = new Map<string, unknown>([
      ['$sent', freshId()],
      ['$other', other.accountId],
      ['$registration', keys.registrationId],
      ['$otherMailbox', other.mailboxToken],
    ]);
    const servers = { master: master.url, node: nodes.nodeUrls[0]! };
    const [enrolment, ...rest] = EARLIER_CONVERSATION;
    expect(await replay([enrolment!], EARLIER_VERSION, servers, known)).toEqual([]);
    const by = { accountId: known.get('$account') as string, masterToken: known.get('$master') as string };
    await listDevices(master.url, by, { add: [EARLIER_DEVICE] });
    expect(await replay(rest, EARLIER_VERSION, servers, known)).toEqual([]);
  });

  it('is held to what that version could say', async () => {
    const { master } = place;
    const body = { username: randomName(), password: PASSWORD, device: { name: 'new', keys: randomKeys() } };
    const ask = (version: number) =>
      fetch(`${master.url}/api/accounts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [VERSION_HEADER]: String(version) },
        body: JSON.stringify(body),
      });
    const refused = await ask(EARLIER_VERSION);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ code: 'bad-request', path: 'device.label' });
    const unknown = await ask(99);
    expect(unknown.status).toBe(426);
    expect(unknown.headers.get(VERSIONS_HEADER)).toBe(`${PROTOCOL_VERSION}, ${EARLIER_VERSION}`);
    expect((await ask(PROTOCOL_VERSION)).status).toBe(201);
  });

  it('is not told of what is new, and tells those of this version what they can show', async () => {
    const { master } = place;
    const [older, newer] = [await register(master.url), await register(master.url)];
    const toNewer = await connect(master.url, newer);
    const servers = { master: master.url, node: '' };
    const known = new Map<string, unknown>([
      ['$master', older.masterToken],
      ['$newer', newer.accountId],
      ['$older', older.accountId],
    ]);
    toNewer.write({ type: 'presence', state: 'online', to: [older.accountId] });
    toNewer.write({ type: 'ping' });
    await toNewer.hears('pong');
    const frames = await replay(
      [
        { socket: 'open', token: '$master' },
        {
          hears: {
            type: 'welcome',
            protocolVersion: '*',
            accountId: '$older',
            deviceId: 1,
            time: '*',
            limits: '*',
          },
        },
        { says: { type: 'presence', state: 'online', to: ['$newer'] } },
        { hears: { type: 'error', error: { code: 'bad-request', message: '*', path: 'type' } } },
        { says: { type: 'typing', to: '$newer' } },
        { says: { type: 'ping' } },
        { hears: { type: 'pong', serverTime: '*' } },
      ],
      EARLIER_VERSION,
      servers,
      known,
    );
    expect(frames).toEqual([]);
    expect(await toNewer.hears('typing')).toMatchObject([{ active: true }]);
    await toNewer.close();
  });

  it('writes to a client of this one and reads from it', async () => {
    await converse(place, [place.messenger(EARLIER), place.messenger(NOW_AND_EARLIER)]);
    await converse(place, [place.messenger(NOW_AND_EARLIER), place.messenger(EARLIER)]);
  });
});

describe('a client of this version, with servers of the one before', () => {
  it('speaks as they do, and asks once', async () => {
    const place = await open(EARLIER, [EARLIER, EARLIER, EARLIER]);
    const refused = new Map<string, number>();
    const watched: typeof globalThis.fetch = async (input, init) => {
      const response = await fetch(input, init);
      const { origin } = new URL(input);
      if (response.status === 426) refused.set(origin, (refused.get(origin) ?? 0) + 1);
      return response;
    };
    await converse(place, [place.messenger(NOW_AND_EARLIER, watched), place.messenger(NOW_AND_EARLIER)]);
    expect([...new Set(refused.values())]).toEqual([1]);
  });
});

describe.each<[string, Versions, readonly Versions[]]>([
  ['newer than two of its mailbox nodes', NOW_AND_EARLIER, [EARLIER, NOW_AND_EARLIER, EARLIER]],
  ['older than two of its mailbox nodes', EARLIER, [NOW_AND_EARLIER, EARLIER, NOW_AND_EARLIER]],
])('a master that is %s', (_, masterVersions, nodeVersions) => {
  it('stores and deletes on each of them, whatever its people speak', async () => {
    const place = await open(masterVersions, nodeVersions);
    await converse(place, [place.messenger(NOW_AND_EARLIER), place.messenger(EARLIER)]);
    await converse(place, [place.messenger(EARLIER), place.messenger(NOW_AND_EARLIER)]);
    const count = (series: string, node: string, result: string): Promise<number> =>
      metric(place.master.url, `gateway_${series}_total{node="${node}",result="${result}"}`);
    for (const node of ['node1', 'node2', 'node3']) {
      for (const [series, done] of [
        ['store_envelopes', 'stored'],
        ['deletes', 'deleted'],
      ] as const) {
        await waitFor(`${node} has ${done}`, async () => (await count(series, node, done)) > 0);
        expect(await count(series, node, 'failed')).toBe(0);
      }
      expect(await count('store_envelopes', node, 'refused')).toBe(0);
    }
  });
});
