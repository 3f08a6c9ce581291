/** Whatever is asked, the server answers in CouchDB's form, tells no more than it should, and goes on. */
import fc from 'fast-check';
import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { useEmbeddedCouch } from '../../conformance/couch.ts';

const couch = useEmbeddedCouch();
let db = '';
/** Takes random requests. One in a thousand may drop it after all. */
let victim = '';
beforeAll(async () => {
  db = await couch().createDatabase();
  victim = await couch().createDatabase();
  await couch().put(`${victim}/doc`, { n: 1, _attachments: { a: { content_type: 'x/y', data: '' } } });
  await couch().put(`${victim}/_design/d`, { language: 'javascript', views: { v: { map: 'throw 1' } } });
});

const word = fc.oneof(
  fc.constantFrom(
    'doc',
    '_all_docs',
    '_changes',
    '_bulk_docs',
    '_bulk_get',
    '_find',
    '_index',
    '_security',
    '_local',
  ),
  fc.constantFrom(
    '_revs_diff',
    '_missing_revs',
    '_design',
    '_purge',
    '_compact',
    '_view',
    'd',
    'v',
    'a',
    'queries',
  ),
  fc.string(),
);
const path = fc
  .array(word, { maxLength: 5 })
  .map((words) => words.map((each) => `/${encodeURIComponent(each)}`).join(''));
const serverPath = fc
  .constantFrom(
    '_all_dbs',
    '_dbs_info',
    '_uuids',
    '_session',
    '_replicate',
    '_scheduler',
    '_users',
    '_replicator',
  )
  .map((name) => `/${name}`);
const query = fc.dictionary(
  fc.constantFrom(
    'rev',
    'open_revs',
    'startkey',
    'endkey',
    'key',
    'keys',
    'limit',
    'skip',
    'since',
    'filter',
    'revs',
  ),
  fc.oneof(
    fc.constantFrom('true', '1', '[]', '{}', '"a"', 'null', '-1', '1-a', '["1-a"]', 'all', 'd/v'),
    fc.string(),
  ),
);
const body = fc.oneof(
  fc.record({ docs: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()), new_edits: fc.jsonValue() }),
  fc.record({
    selector: fc.jsonValue(),
    sort: fc.jsonValue(),
    fields: fc.jsonValue(),
    limit: fc.jsonValue(),
  }),
  fc.record({
    source: fc.jsonValue(),
    target: fc.jsonValue(),
    keys: fc.jsonValue(),
    queries: fc.jsonValue(),
  }),
  fc.jsonValue(),
  fc.string(),
);
const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH');

describe('the server', () => {
  it('answers two thousand random requests without a fault', async () => {
    await fc.assert(
      fc.asyncProperty(
        method,
        path,
        serverPath,
        fc.integer({ max: 4, min: 0 }),
        query,
        body,
        async (how, inDb, atTop, kind, parameters, content) => {
          const inVictim = inDb === '' && how === 'DELETE' ? '/x' : inDb;
          const resource = kind === 0 ? atTop + inDb : victim + inVictim;
          const asked = `${resource}?${new URLSearchParams({ timeout: '0', ...parameters }).toString()}`;
          const hasBody = how === 'POST' || how === 'PUT' || how === 'PATCH';
          const { status, text } = await couch().request(how, asked, hasBody ? { body: content } : {});
          expect([how, asked, content, status < 500 || status === 501 ? 'fine' : text]).toEqual([
            how,
            asked,
            content,
            'fine',
          ]);
          if (status < 400 || how === 'HEAD') return;
          expect(JSON.parse(text)).toEqual({
            error: expect.any(String) as string,
            reason: expect.any(String) as string,
          });
          expect(text).not.toMatch(/\.ts\b|node_modules|\\n +at /);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('takes a path that no URL can have', async () => {
    for (const path of ['//', '//?a=1', '///x']) {
      expect((await couch().request('GET', path)).status, path).toBeLessThan(500);
    }
  });

  it('never runs what design documents hold', async () => {
    const code = `require('fs').writeFileSync('/tmp/never', '')`;
    await couch().put(`${db}/_design/code`, {
      views: { v: { map: code } },
      filters: { f: code },
      updates: { u: code },
      validate_doc_update: code,
    });
    await couch().put(`${db}/validated`, {});
    for (const resource of ['_view/v', '_update/u', '_show/s', '_list/l/v', '_rewrite/r'])
      expect((await couch().request('GET', `${db}/_design/code/${resource}`)).status).toBe(501);
    expect((await couch().request('GET', `${db}/_changes?filter=code/f`)).status).toBe(501);
  });

  it('says what it does not do', async () => {
    expect(await couch().request('POST', `${db}/_purge`, { body: {} })).toMatchObject({
      status: 501,
      body: { error: 'not_implemented' },
    });
  });

  it('outlives what is no HTTP', async () => {
    const { port, hostname } = new URL(couch().url);
    for (const bytes of [
      '\0\0\0\0',
      'GET / HTTP/9.9\r\n\r\n',
      'POST /x HTTP/1.1\r\ncontent-length: -1\r\n\r\n',
    ]) {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      socket.resume().end(bytes);
      await new Promise((resolve) => socket.once('close', resolve));
    }
    expect(await couch().request('GET', '/_up')).toMatchObject({ status: 200 });
  });

  it('answers nothing to a request that breaks off: nothing is refused', async () => {
    const { port, hostname } = new URL(couch().url);
    const credentials = `${couch().admin.name}:${couch().admin.password}`;
    const head = [
      `POST ${db}/_bulk_docs HTTP/1.1`,
      'host: couch',
      `authorization: Basic ${Buffer.from(credentials).toString('base64')}`,
      'content-type: application/json',
      'expect: 100-continue',
    ].join('\r\n');
    for (const rest of [
      'content-length: 100\r\n\r\n{"docs":[',
      'transfer-encoding: chunked\r\n\r\n64\r\n{"docs":[',
    ]) {
      const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
      const received: Buffer[] = [];
      socket.on('data', (bytes: Buffer) => {
        received.push(bytes);
        // It reads the body now.
        socket.end();
      });
      socket.write(`${head}\r\n${rest}`);
      await new Promise((resolve) => socket.once('end', resolve));
      socket.destroy();
      expect(Buffer.concat(received).toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    }
  });

  it('shows that a feed goes on while its selector leaves out all', async () => {
    const db = await couch().createDatabase();
    const docs = Array.from({ length: 2000 }, (_, n) => ({ _id: `left-out-${n}` }));
    await couch().post(`${db}/_bulk_docs`, { docs });
    await couch().put(`${db}/told`, {});
    const leave = new AbortController();
    const { body } = await couch().send(
      'POST',
      `${db}/_changes?feed=continuous&filter=_selector&heartbeat=1`,
      { body: { selector: { _id: 'told' } }, signal: leave.signal },
    );
    let text = '';
    for await (const bytes of body ?? []) {
      text += Buffer.from(bytes).toString();
      if (text.includes('told')) break;
    }
    leave.abort();
    expect(text).toMatch(/^\n+\{/);
  });

  it('takes no more than it can hold', async () => {
    const large = JSON.stringify({ docs: ['x'.repeat(65 * 1024 * 1024)] });
    const answer = await couch()
      .request('POST', `${db}/_bulk_docs`, { body: large })
      .catch(() => undefined); // it may hang up before it was sent all
    if (answer !== undefined) expect(answer).toMatchObject({ status: 413, body: { error: 'too_large' } });
    expect(await couch().request('GET', '/_up')).toMatchObject({ status: 200 });
  });
});
