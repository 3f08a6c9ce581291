import {
  documentId,
  envelopeDocument,
  envelopeRevision,
  tombstoneDocument,
  tombstoneRevision,
} from '@restante/protocol';
import {
  askCouch,
  mailboxNodeConfigs,
  newEnvelope,
  newMailbox,
  newTestKeys,
  startCouches,
  startTestNode,
  waitFor,
  type TestCouches,
} from '@restante/testkit';
import fc from 'fast-check';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

type Call = { readonly method: string; readonly path: string; readonly body: string };

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

/** An HTTP proxy that keeps every request that writes. */
const startRecorder = async (target: string) => {
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { method = '', url: path = '', headers } = request;
      const body = await readBody(request);
      if (method !== 'GET') calls.push({ method, path, body });
      const { authorization = '' } = headers;
      const answer = await fetch(target + path, {
        method,
        headers: { authorization, 'content-type': 'application/json', accept: 'application/json' },
        ...(body !== '' && { body }),
      });
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(await answer.text());
    })().catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

describe('two ways back from the dead', () => {
  let couches: TestCouches;
  let database: string;
  beforeAll(async () => {
    couches = await startCouches(1);
    database = `${couches.prefix}engine`;
    await couch('PUT', database);
  });
  afterAll(() => couches[Symbol.asyncDispose]());

  const couch = (method: string, path: string, body?: object) =>
    askCouch(couches.adminUrls[0]!, path, method, body);
  const bulk = (...docs: object[]) => couch('POST', `${database}/_bulk_docs`, { new_edits: false, docs });
  const read = async (id: string) => (await couch('GET', `${database}/${encodeURIComponent(id)}`)).status;

  it('the engine brings a message back under a tombstone without its ancestor: ours has it', async () => {
    const envelope = envelopeDocument(newEnvelope(newMailbox()));
    const { _revisions: ancestry, ...orphan } = tombstoneDocument(envelope._id);
    expect(ancestry.ids).toHaveLength(2);
    await bulk(orphan);
    await bulk(envelope);
    expect(await read(envelope._id)).toBe(200);

    const other = envelopeDocument(newEnvelope(newMailbox()));
    await bulk(tombstoneDocument(other._id));
    await bulk(other);
    expect(await read(other._id)).toBe(404);
  });

  it('the engine brings a dead id back by a plain PUT: we write none', async () => {
    const envelope = envelopeDocument(newEnvelope(newMailbox()));
    await bulk(envelope);
    await bulk(tombstoneDocument(envelope._id));
    expect(await read(envelope._id)).toBe(404);
    await couch('PUT', `${database}/${encodeURIComponent(envelope._id)}`, { back: true });
    expect(await read(envelope._id)).toBe(200);
  });

  it('a node writes mail only in the one way that keeps the dead dead (law 4)', async () => {
    await using own = await startCouches(1);
    const keys = newTestKeys();
    const [config] = await mailboxNodeConfigs(own, keys);
    await using recorder = await startRecorder(new URL(own.adminUrls[0]!).origin);
    const recorded = (url: string): string => {
      const copy = new URL(url);
      copy.host = recorder.host;
      return copy.href;
    };
    await using node = await startTestNode(
      {
        ...config!,
        couch: {
          ...config!.couch,
          url: recorded(config!.couch.url),
          adminUrl: recorded(config!.couch.adminUrl),
        },
      },
      keys,
    );
    const mailbox = newMailbox();
    const envelopes = Array.from({ length: 8 }, () => newEnvelope(mailbox));
    // Whatever is drawn, one is stored and deleted.
    await node.store(envelopes[0]!);
    const step = fc.record({
      which: fc.subarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
      isStore: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        await Promise.all(
          steps.map(async ({ which, isStore }) => {
            const chosen = which.map((index) => envelopes[index]!);
            if (isStore) await node.store(...chosen);
            else await node.acknowledge(mailbox, ...chosen.map(({ id }) => id));
          }),
        );
      }),
      { numRuns: 10 },
    );
    await node.acknowledge(mailbox, ...envelopes.map(({ id }) => id));
    await waitFor('a canary', () => recorder.calls.some(({ path }) => path.includes('canary')));

    const known = new Map(envelopes.map((envelope) => [documentId(mailbox, envelope.id), envelope]));
    const writes = recorder.calls.filter(({ path }) => path.endsWith('/_bulk_docs'));
    expect(writes.length).toBeGreaterThan(10);
    for (const { body } of writes) {
      const { new_edits: newEdits, docs } = JSON.parse(body) as {
        new_edits: boolean;
        docs: { _id: string }[];
      };
      expect(newEdits).toBe(false);
      expect(new Set(docs.map(({ _id }) => _id)).size).toBe(docs.length);
      for (const document of docs) {
        const id = document._id;
        const expected = '_deleted' in document ? tombstoneDocument(id) : envelopeDocument(known.get(id)!);
        expect(document).toEqual(expected);
      }
    }
    const otherWrites = recorder.calls.filter(
      ({ path, method }) => method !== 'POST' && path.includes('messages-'),
    );
    for (const { path } of otherWrites)
      expect(path).toMatch(
        /canary%3A|\/_security$|\/_design\/restante-mesh$|-node\/_local\/|messages-\d{8}(?:\?q=1)?$/,
      );
    expect(writes.map(({ body }) => body).join()).toContain(tombstoneRevision([...known.keys()][0]!));
    expect(writes.map(({ body }) => body).join()).toContain(envelopeRevision([...known.keys()][0]!));
  });
});
