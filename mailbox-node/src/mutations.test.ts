import { errorBody, mailboxPage, storeResponse } from '@restante/protocol';
import {
  newEnvelope,
  newMailbox,
  newTestKeys,
  startCouches,
  startTestMesh,
  type TestMesh,
  type TestNode,
} from '@restante/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Agent, request } from 'undici';

/** 10,000 random changes of each kind of request: every answer is one of the protocol's, never a 500. */
const MUTATIONS = 10_000;
const AT_ONCE = 32;

const keys = newTestKeys();
const agent = new Agent({ connections: AT_ONCE });
let mesh: TestMesh;
let node: TestNode;
beforeAll(async () => {
  mesh = await startTestMesh(await startCouches(1), keys);
  node = mesh.nodes[0]!;
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
  await agent.destroy();
});

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '/',
    ':',
    '../..',
    '_design/x',
    '%00',
    '\u0000',
    '__proto__',
    'ünïcode ✉',
    '1e999',
    '"',
    '\ud800',
  ),
);
const oddValue: fc.Arbitrary<Json> = fc.oneof(
  oddText,
  fc.constantFrom<Json>(null, true, -1, 0, 1.5, 1e308, 2 ** 53, -0, [], {}, [[]], { constructor: null }),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>,
);

type Mutation = {
  readonly path: number[];
  readonly kind: number;
  readonly value: Json;
  readonly key: string;
};
const mutation: fc.Arbitrary<Mutation> = fc.record({
  path: fc.array(fc.nat({ max: 20 }), { maxLength: 4 }),
  kind: fc.nat({ max: 3 }),
  value: oddValue,
  key: oddText,
});

/** Replaces, removes, adds or repeats something at a random place. */
const mutate = (value: Json, { path, kind, value: odd, key }: Mutation): Json => {
  const [step, ...rest] = path;
  if (typeof value !== 'object' || value === null || step === undefined) return odd;
  const entries: [string, Json][] = Object.entries(value);
  const chosen = entries[step % Math.max(1, entries.length)];
  if (chosen === undefined || (rest.length === 0 && kind === 1)) {
    return Array.isArray(value) ? [...value, odd] : { ...value, [key]: odd };
  }
  const [name, inner] = chosen;
  if (rest.length === 0 && kind === 2) {
    const without = entries.filter(([other]) => other !== name);
    return Array.isArray(value) ? without.map(([, item]) => item) : Object.fromEntries(without);
  }
  if (Array.isArray(value) && rest.length === 0 && kind === 3) return [...value, ...value];
  const changed = mutate(inner, { path: rest, kind, value: odd, key });
  return Array.isArray(value)
    ? value.map((item, index) => (String(index) === name ? changed : item))
    : { ...value, [name]: changed };
};

const mailbox = newMailbox();

type Ask = (sample: Mutation[]) => { path: string; method: 'GET' | 'POST' | 'DELETE'; body?: string };

/** Sends many samples, several at once, and checks each answer. */
const sendAll = async (
  headers: Record<string, string>,
  ask: Ask,
  answers: { parse: (body: unknown) => unknown },
) => {
  const samples = fc.sample(fc.array(mutation, { minLength: 1, maxLength: 3 }), MUTATIONS);
  const statuses = new Map<number, number>();
  const worker = async (): Promise<void> => {
    for (let sample = samples.pop(); sample !== undefined; sample = samples.pop()) {
      const { path, method, body } = ask(sample);
      const answer = await request(node.url + path, {
        dispatcher: agent,
        method,
        headers: { ...headers, 'content-type': 'application/json' },
        ...(body !== undefined && { body }),
      });
      const text = await answer.body.text();
      const sent = `${method} ${path} ${body ?? ''}\n${answer.statusCode} ${text}`;
      expect(answer.statusCode, sent).toBeLessThan(500);
      expect(text, sent).not.toMatch(/\bat .*:\d+:\d+|node_modules|Error:/);
      const schema = answer.statusCode === 200 ? answers : errorBody;
      expect(() => schema.parse(JSON.parse(text)), sent).not.toThrow();
      statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return statuses;
};

describe('random mutations', () => {
  it('of a store request', { timeout: 180_000 }, async () => {
    const valid = { envelopes: [newEnvelope(mailbox), newEnvelope(newMailbox())] };
    const statuses = await sendAll(
      await keys.asMaster(),
      (sample) => ({
        path: '/messages',
        method: 'POST',
        body: JSON.stringify(sample.reduce<Json>(mutate, valid)),
      }),
      storeResponse,
    );
    expect(statuses.get(400)).toBeGreaterThan(MUTATIONS / 2);
  });

  it('of a delete request', { timeout: 180_000 }, async () => {
    const valid = { ids: [newEnvelope(mailbox).id, newEnvelope(mailbox).id] };
    const statuses = await sendAll(
      await keys.asDevice(mailbox),
      (sample) => ({
        path: '/messages/delete',
        method: 'POST',
        body: JSON.stringify(sample.reduce<Json>(mutate, valid)),
      }),
      { parse: (body) => expect(body).toEqual({ deleted: expect.any(Number) as number }) },
    );
    expect(statuses.get(400)).toBeGreaterThan(MUTATIONS / 2);
  });

  it('of a query and a path', { timeout: 180_000 }, async () => {
    const text = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
    const encode = (value: Json): string => encodeURIComponent(text(value).toWellFormed());
    const valid = { accountId: mailbox.accountId, device: '1', limit: '10', after: newEnvelope(mailbox).id };
    const statuses = await sendAll(
      await keys.asDevice(mailbox),
      (sample) => {
        const changed = sample.reduce<Json>(mutate, valid);
        const { accountId = '', ...query } = (
          typeof changed === 'object' && changed !== null && !Array.isArray(changed)
            ? changed
            : { accountId: changed }
        ) as Record<string, Json>;
        const fields = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
        return { path: `/messages/${encode(accountId)}?${fields.join('&')}`, method: 'GET' };
      },
      mailboxPage,
    );
    expect(statuses.get(200)).toBeGreaterThan(0);
    expect(statuses.get(400)).toBeGreaterThan(MUTATIONS / 4);
  });
});
