import { errorBody, LIMITS } from '@restante/protocol';
import { createLog } from '@restante/service-kit';
import {
  newEnvelope,
  newMailbox,
  newTestKeys,
  startCouches,
  startFaultProxy,
  startTestMesh,
  startTestNode,
  waitFor,
  type TestMesh,
  type TestNode,
} from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from './config.ts';
import { startMailboxNode } from './service.ts';

const keys = newTestKeys();
let mesh: TestMesh;
let config: Config;
let node: TestNode;
beforeAll(async () => {
  mesh = await startTestMesh(await startCouches(1), keys);
  node = mesh.nodes[0]!;
  config = node.config;
});
afterAll(() => mesh[Symbol.asyncDispose]());

const json = { 'content-type': 'application/json' };

const call = (path: string, init: RequestInit & { readonly headers?: Record<string, string> } = {}) =>
  fetch(`${node.url}${path}`, init);

const post = (path: string, body: unknown, headers: Record<string, string>) =>
  call(path, {
    method: 'POST',
    headers: { ...json, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const expectError = async (answer: Response, code: string, status: number) => {
  const text = await answer.text();
  expect(answer.status, text).toBe(status);
  expect(text).not.toMatch(/\bat .*:\d+:\d+|node_modules/);
  const body = errorBody.parse(JSON.parse(text));
  expect(body.code).toBe(code);
  return body;
};

/** Requests that a device may make of its own mailbox. */
const ownerCalls = (accountId: string, id: string): [string, RequestInit][] => [
  [`/messages/${accountId}?device=1`, {}],
  [`/messages/${accountId}/ids?device=1`, {}],
  [`/messages/${accountId}/events?device=1`, {}],
  [`/messages/${id}`, { method: 'DELETE' }],
  ['/messages/delete', { method: 'POST', headers: json, body: JSON.stringify({ ids: [id] }) }],
];

const withHeaders = (init: RequestInit, headers: Record<string, string>): RequestInit => ({
  ...init,
  headers: { ...(init.headers as Record<string, string> | undefined), ...headers },
});

describe('tokens', () => {
  it('are needed, valid, in time and for this audience', async () => {
    const mailbox = newMailbox();
    const envelope = newEnvelope(mailbox);
    const past = Date.now() - LIMITS.clockSkewMs - 60_000;
    const stranger = newTestKeys();
    const forDevice: [Record<string, string>, string][] = [
      [{}, 'unauthorized'],
      [{ authorization: 'Bearer a.b.c' }, 'unauthorized'],
      [await stranger.asDevice(mailbox), 'unauthorized'],
      [await keys.asDevice(mailbox, 'master'), 'unauthorized'],
      [await keys.asMaster(), 'unauthorized'],
      [await keys.asDevice(mailbox, 'mailbox', past), 'token-expired'],
    ];
    for (const [headers, code] of forDevice) {
      for (const [path, init] of ownerCalls(mailbox.accountId, envelope.id)) {
        await expectError(await fetch(node.url + path, withHeaders(init, headers)), code, 401);
      }
    }
    const forMaster: [Record<string, string>, string][] = [
      [{}, 'unauthorized'],
      [await stranger.asMaster(), 'unauthorized'],
      [await keys.asDevice(mailbox), 'unauthorized'],
      [await keys.asDevice(mailbox, 'master'), 'unauthorized'],
      [await keys.asMaster(past), 'token-expired'],
    ];
    for (const [headers, code] of forMaster) {
      await expectError(await post('/messages', { envelopes: [envelope] }, headers), code, 401);
    }
    expect(await node.ids(mailbox)).toEqual([]);
  });
});

describe("another's mailbox (law 7)", () => {
  it('is refused in the same words whether it exists or not', async () => {
    const [owner, thief] = [newMailbox(), newMailbox()];
    await node.store(newEnvelope(owner));
    const headers = await keys.asDevice(thief);
    const answers = new Set<string>();
    const guesses = [
      `${owner.accountId}?device=1`,
      `${owner.accountId}?device=2`,
      `${newMailbox().accountId}?device=1`,
      `${thief.accountId}?device=2`,
    ];
    for (const guess of guesses) {
      for (const page of ['?', '/ids?', '/events?']) {
        const answer = await call(`/messages/${guess.replace('?', page)}`, { headers });
        answers.add(`${answer.status} ${await answer.text()}`);
      }
    }
    expect([...answers]).toEqual([expect.stringMatching(/^403 .*"forbidden"/)]);
  });

  it('loses nothing when others delete its ids', async () => {
    const [owner, thief] = [newMailbox(), newMailbox()];
    const envelope = newEnvelope(owner);
    await node.store(envelope);
    const headers = await keys.asDevice(thief);
    const bodies = new Set<string>();
    for (const id of [envelope.id, newEnvelope(owner).id]) {
      const answer = await call(`/messages/${id}`, { method: 'DELETE', headers });
      bodies.add(`${answer.status} ${await answer.text()}`);
    }
    expect([...bodies]).toEqual(['200 {"deleted":0}']);
    expect(await node.ids(owner)).toEqual([envelope.id]);
  });
});

describe('requests', () => {
  it('get a named error with the path of the bad field', async () => {
    const mailbox = newMailbox();
    const envelope = newEnvelope(mailbox);
    const master = await keys.asMaster();
    const bad: [unknown, string][] = [
      [{ envelopes: [] }, 'envelopes'],
      [{ envelopes: [envelope], more: 1 }, ''],
      [{ envelopes: [{ ...envelope, deviceId: '1' }] }, 'envelopes.0.deviceId'],
      [{ envelopes: [{ ...envelope, deviceId: 128 }] }, 'envelopes.0.deviceId'],
      [{ envelopes: [envelope, { ...envelope, payload: 'not base64!' }] }, 'envelopes.1.payload'],
      [{ envelopes: [{ ...envelope, payload: 'A'.repeat(LIMITS.payloadBytes + 4) }] }, 'envelopes.0.payload'],
      [{ envelopes: [{ ...envelope, id: `${envelope.id}/../x` }] }, 'envelopes.0.id'],
      [{ envelopes: [{ ...envelope, accountId: `${mailbox.accountId}:1` }] }, 'envelopes.0.accountId'],
      [{ envelopes: [{ ...envelope, sentAt: 1 }] }, 'envelopes.0'],
      [{ envelopes: Array(LIMITS.envelopesPerStore + 1).fill(envelope) }, 'envelopes'],
    ];
    for (const [body, path] of bad) {
      expect((await expectError(await post('/messages', body, master), 'bad-request', 400)).path).toBe(path);
    }
    await expectError(await post('/messages', '{"envelopes":', master), 'bad-request', 400);
    const huge = `{"envelopes":["${'x'.repeat(LIMITS.storeBodyBytes)}"]}`;
    await expectError(await post('/messages', huge, master), 'payload-too-large', 413);
    const text = { ...master, 'content-type': 'text/plain' };
    await expectError(
      await call('/messages', { method: 'POST', headers: text, body: '{}' }),
      'unsupported-media-type',
      415,
    );
    await expectError(
      await call('/messages', { method: 'PATCH', headers: master }),
      'method-not-allowed',
      405,
    );
    await expectError(await call('/nothing'), 'not-found', 404);
    expect(await node.ids(mailbox)).toEqual([]);
  });

  it('of owners too', async () => {
    const mailbox = newMailbox();
    const headers = await keys.asDevice(mailbox);
    const own = `/messages/${mailbox.accountId}`;
    const queries: [string, string][] = [
      ['', 'device'],
      ['?device=0', 'device'],
      ['?device=1e0', 'device'],
      ['?device=1&device=1', 'device'],
      ['?device=1&limit=0', 'limit'],
      [`?device=1&limit=${LIMITS.envelopesPerPage + 1}`, 'limit'],
      ['?device=1&after=x', 'after'],
      ['?device=1&more=1', ''],
      ['/ids', 'device'],
      [`/ids?device=1&limit=${LIMITS.idsPerPage + 1}`, 'limit'],
    ];
    for (const [query, path] of queries) {
      expect((await expectError(await call(own + query, { headers }), 'bad-request', 400)).path).toBe(path);
    }
    const ids = [
      'a/b',
      'a:b',
      '../..',
      'ünï✉',
      '%00',
      '%',
      `${mailbox.accountId}:1`,
      'x'.repeat(3_000),
      '__proto__',
    ];
    for (const id of ids) {
      const path = `/messages/${id === '%' || id === '%00' ? id : encodeURIComponent(id)}`;
      await expectError(await call(path, { method: 'DELETE', headers }), 'bad-request', 400);
      await expectError(await call(`${path}?device=1`, { headers }), 'bad-request', 400);
    }
    for (const body of [
      { ids: [] },
      { ids: ['x'] },
      { ids: 1 },
      [],
      { ids: [newEnvelope(mailbox).id], x: 1 },
    ]) {
      await expectError(await post('/messages/delete', body, headers), 'bad-request', 400);
    }
  });

  it('are limited by the messages in deletions, whatever requests they come in, and nothing of them is done', async () => {
    await using slow = await startTestNode({ ...config, deletionsPerMinute: 3 }, keys);
    const [eager, other] = [newMailbox(), newMailbox()];
    const kept = newEnvelope(eager);
    await slow.store(kept);
    const remove = async (mailbox: typeof eager, ids: readonly string[]) =>
      fetch(`${slow.url}/messages/delete`, {
        method: 'POST',
        headers: { ...(await keys.asDevice(mailbox)), 'content-type': 'application/json' },
        body: JSON.stringify({ ids }),
      });
    const never = () => newEnvelope(eager).id;
    expect((await remove(eager, [never(), never()])).status).toBe(200);
    await expectError(await remove(eager, [kept.id, never()]), 'rate-limited', 429);
    expect(await slow.ids(eager)).toEqual([kept.id]);
    expect((await remove(other, [never(), never(), never()])).status).toBe(200);
  });

  it('are limited per device, and others are not hindered', async () => {
    await using slow = await startTestNode({ ...config, requestsPerMinute: 3 }, keys);
    const [eager, other] = [newMailbox(), newMailbox()];
    for (let index = 0; index < 3; index += 1) await slow.ids(eager);
    const headers = await keys.asDevice(eager);
    const refused = await fetch(`${slow.url}/messages/${eager.accountId}?device=1`, { headers });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await expectError(refused, 'rate-limited', 429)).retryAfterMs).toBeGreaterThan(0);
    expect(await slow.ids(other)).toEqual([]);
  });
});

describe('envelopes', () => {
  it('get an answer each', async () => {
    const mailbox = newMailbox();
    const good = newEnvelope(mailbox);
    const results = await node.store(
      newEnvelope(mailbox, { timeMs: Date.now() + LIMITS.clockSkewMs + 60_000 }),
      newEnvelope(mailbox, { timeMs: Date.now() - LIMITS.messageTtlMs - 1 }),
      { ...newEnvelope(mailbox), expiresAt: Date.now() + 2 * LIMITS.messageTtlMs },
      { ...newEnvelope(mailbox), expiresAt: Date.now() - 1 },
      good,
    );
    expect(results.map((result) => (result.status === 'refused' ? result.code : result.status))).toEqual([
      'clock-skew',
      'message-expired',
      'bad-request',
      'message-expired',
      'stored',
    ]);
    expect(await node.ids(mailbox)).toEqual([good.id]);
  });

  it('are refused at the bound of a mailbox, except those that are stored already (law 10)', async () => {
    await using small = await startTestNode({ ...config, mailboxMaxMessages: 5 }, keys);
    const [mailbox, other] = [newMailbox(), newMailbox()];
    const envelopes = Array.from({ length: 7 }, () => newEnvelope(mailbox));
    const full = { status: 'refused', code: 'mailbox-full' };
    const stored = { status: 'stored' };
    expect(await small.store(...envelopes)).toEqual([...Array<unknown>(5).fill(stored), full, full]);
    expect(await small.store(newEnvelope(other), envelopes[0]!, envelopes[6]!)).toEqual([
      stored,
      stored,
      full,
    ]);
    expect(await small.ids(mailbox)).toHaveLength(5);
    await small.acknowledge(mailbox, envelopes[1]!.id, envelopes[2]!.id);
    expect(await small.store(envelopes[5]!)).toEqual([stored]);
    expect(await small.metric('mailbox_refused_total{code="mailbox-full"}')).toBe(3);
  });

  it("of one sender, and of strangers, are refused at their share of a mailbox, and nobody else's (law 10)", async () => {
    await using small = await startTestNode(
      { ...config, mailboxSenderMessages: 6, mailboxStrangersMessages: 8 },
      keys,
    );
    const mailbox = newMailbox();
    const of = (senderId: string, count: number, stranger = false) =>
      Array.from({ length: count }, () => newEnvelope(mailbox, { senderId, stranger }));
    const [friend, stranger, other] = [newMailbox(), newMailbox(), newMailbox()].map(
      ({ accountId }) => accountId,
    );
    const full = { status: 'refused', code: 'sender-share-full' };
    const stored = { status: 'stored' };
    const first = of(stranger!, 3, true);
    expect(await small.store(...first)).toEqual([stored, stored, full]);
    const many = of(friend!, 7);
    expect(await small.store(...many)).toEqual([...Array<unknown>(6).fill(stored), full]);
    expect(await small.store(...of(other!, 1), many[0]!, many[6]!)).toEqual([stored, stored, full]);
    await small.acknowledge(mailbox, many[1]!.id, first[0]!.id);
    expect(await small.store(many[6]!, first[2]!)).toEqual([stored, stored]);
    expect(await small.metric('mailbox_refused_total{code="sender-share-full"}')).toBe(3);
    expect(await small.metric('mailbox_sender_share_messages')).toBe(9);
    // What a document holds says nothing of it: every writer makes the same (law 5).
    const { messages } = await small.list(mailbox);
    for (const message of messages) expect(message).not.toHaveProperty('stranger');
  });

  it('are conserved: accepted = deleted + expired + waiting (law 9)', async () => {
    const mailbox = newMailbox();
    const envelopes = Array.from({ length: 30 }, () => newEnvelope(mailbox));
    await node.store(...envelopes);
    await node.store(...envelopes);
    await node.acknowledge(mailbox, ...envelopes.slice(0, 12).map(({ id }) => id));
    await node.acknowledge(mailbox, newEnvelope(mailbox).id);
    const text = await waitFor('a count of everything', async () => {
      const metrics = await (await call('/metrics')).text();
      const sum = (state: string) =>
        [...metrics.matchAll(new RegExp(`mailbox_ledger_messages\\{.*state="${state}"\\} (\\d+)`, 'g'))]
          .map(([, value]) => Number(value))
          .reduce((total, value) => total + value, 0);
      const [accepted, deleted, expired, waiting] = ['accepted', 'deleted', 'expired', 'waiting'].map(sum);
      return deleted! >= 12 && accepted === deleted! + expired! + waiting! && metrics;
    });
    const gaps = [...text.matchAll(/^mailbox_ledger_gap_messages\{.*\} (.*)$/gm)].map(([, gap]) => gap);
    expect(gaps.length).toBeGreaterThan(0);
    expect(new Set(gaps)).toEqual(new Set(['0']));
    expect(text).not.toContain(mailbox.accountId);
  });
});

describe('operators', () => {
  it('find every series from the start', async () => {
    const metrics = await (await call('/metrics')).text();
    for (const name of [
      'mailbox_stored_total',
      'mailbox_deleted_total',
      'mailbox_refused_total{code="rate-limited"}',
      'mailbox_streams_ended_total{reason="slow"}',
      'mailbox_couchdb_up',
      'mailbox_listeners',
      'mailbox_queued_bytes',
    ]) {
      expect(metrics).toContain(`\n${name} `);
    }
  });

  it('see a node that starts without its CouchDB, and loses it again', async () => {
    await using proxy = await startFaultProxy(new URL(config.couch.url).origin);
    const through = (url: string): string => {
      const copy = new URL(url);
      copy.host = proxy.address;
      return copy.href;
    };
    proxy.set('refuse');
    const couch = {
      ...config.couch,
      url: through(config.couch.url),
      adminUrl: through(config.couch.adminUrl),
    };
    await using lonely = await startMailboxNode({ ...config, couch }, { log: createLog('test', 'silent') });
    const state = async () => {
      const health = await fetch(`${lonely.url}/health`);
      expect(health.status).toBe(200);
      const body = (await health.json()) as { status: string; couchdb: { state: string } };
      return `${body.status} ${body.couchdb.state} ${(await fetch(`${lonely.url}/ready`)).status}`;
    };
    await waitFor('the first try', async () => (await state()) === 'down down 503');
    const mailbox = newMailbox();
    const envelopes = [newEnvelope(mailbox)];
    const store = async () =>
      fetch(`${lonely.url}/messages`, {
        method: 'POST',
        headers: { ...json, ...(await keys.asMaster()) },
        body: JSON.stringify({ envelopes }),
      });
    expect(await expectError(await store(), 'unavailable', 503)).toMatchObject({ retryAfterMs: 1_000 });
    proxy.set('pass');
    await waitFor('CouchDB', async () => (await state()) === 'up up 200');
    expect((await store()).status).toBe(200);
    proxy.set('refuse');
    proxy.cut();
    await waitFor('its loss', async () => (await state()) === 'down down 503');
    const headers = await keys.asDevice(mailbox);
    const read = await fetch(`${lonely.url}/messages/${mailbox.accountId}?device=1`, { headers });
    await expectError(read, 'unavailable', 503);
    proxy.set('pass');
    await waitFor('its return', async () => (await state()) === 'up up 200');
  });

  it('are told of wrong credentials, without the credentials', async () => {
    const wrong = (url: string, name: string): string => {
      const copy = new URL(url);
      copy.username = name;
      copy.password = 'hunter2';
      return copy.href;
    };
    let lines = '';
    const log = createLog('test', 'info', { write: (line) => (lines += line) });
    const couch = {
      ...config.couch,
      url: wrong(config.couch.url, `${mesh.couches.prefix}nobody`),
      adminUrl: wrong(config.couch.adminUrl, `${mesh.couches.prefix}nobody-either`),
    };
    await using refused = await startMailboxNode({ ...config, couch }, { log });
    const health = await waitFor('the refusal', async () => {
      const text = await (await fetch(`${refused.url}/health`)).text();
      return text.match(/"refused"/g)?.length === 2 && text;
    });
    expect(health).not.toContain('hunter2');
    expect(lines).toContain('COUCHDB_URL: refused');
    expect(lines).toContain('COUCHDB_ADMIN_URL: refused');
    expect(lines).not.toContain('hunter2');
  });
});

describe('a node that stops', () => {
  it('finishes what it accepted and takes nothing new', async () => {
    await using proxy = await startFaultProxy(new URL(config.couch.url).origin);
    const url = new URL(config.couch.url);
    url.host = proxy.address;
    const stopping = await startTestNode({ ...config, couch: { ...config.couch, url: url.href } }, keys);
    const mailbox = newMailbox();
    const envelope = newEnvelope(mailbox);
    proxy.set('stall');
    const accepted = stopping.store(envelope);
    await waitFor('the write', async () => ((await stopping.metric('mailbox_queued_bytes')) ?? 0) > 0);
    const stopped = stopping[Symbol.asyncDispose]();
    await expect(stopping.store(newEnvelope(mailbox))).rejects.toThrow(/draining|fetch failed/);
    proxy.set('pass');
    expect(await accepted).toEqual([{ status: 'stored' }]);
    await stopped;
    await expect(fetch(`${stopping.url}/health`)).rejects.toThrow();
    expect(await node.ids(mailbox)).toEqual([envelope.id]);
  });
});
