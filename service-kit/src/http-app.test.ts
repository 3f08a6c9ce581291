import { errorBody, LIMITS } from '@restante/protocol';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '@restante/testkit';
import { z } from 'zod';
import {
  bearerToken,
  createHttpApp,
  type Answer,
  jsonBody,
  methodNotAllowed,
  REQUEST_ID,
} from './http-app.ts';
import { listen, type HttpServer } from './http-server.ts';
import { createLog } from './log.ts';
import { parseInput, ServiceError } from './service-error.ts';

let server: HttpServer;
let logged = '';
const codes: string[] = [];
const answers: Answer[] = [];
const schema = z.strictObject({ name: z.string(), list: z.array(z.strictObject({ n: z.int() })) });

beforeAll(async () => {
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  const app = createHttpApp(
    createLog('test', 'debug', sink),
    (routes) => {
      routes.post('/echo', ...jsonBody(2_000), (request, response) => {
        response.json(parseInput(schema, request.body));
      });
      routes.post('/read-off', async (request, response) => {
        await finished(request.resume());
        response.json(null);
      });
      routes.get('/token', (request, response) => {
        response.json(bearerToken(request));
      });
      routes.get('/busy', () => {
        throw new ServiceError('rate-limited', 'too many', { retryAfterMs: 1_500 });
      });
      routes.get('/broken/:id', async () => {
        await Promise.resolve();
        throw Object.assign(new Error('secret detail'), { request: { body: 'secret body' } });
      });
      routes.all('/echo', methodNotAllowed);
    },
    { onError: (code) => codes.push(code), onAnswer: (answer) => answers.push(answer) },
  );
  server = await listen(app, { host: '127.0.0.1', port: 0 });
});
afterAll(() => server.close(1_000));

const post = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  fetch(`${server.url}/echo`, { method: 'POST', body, headers });

const expectError = async (response: Response, status: number, code: string) => {
  const text = await response.text();
  expect(response.status, text).toBe(status);
  expect(text).not.toMatch(/\bat .*:\d+|node_modules|secret/);
  const body = errorBody.parse(JSON.parse(text));
  expect(body.code).toBe(code);
  return body;
};

describe('createHttpApp', () => {
  it('answers', async () => {
    const response = await post('{"name":"a","list":[]}');
    expect(response.status).toBe(200);
    expect(response.headers.get('x-powered-by')).toBeNull();
  });

  it('keeps a given request id and makes up a missing or bad one', async () => {
    const ask = async (id?: string) =>
      (
        await fetch(`${server.url}/token`, id === undefined ? {} : { headers: { [REQUEST_ID]: id } })
      ).headers.get(REQUEST_ID);
    expect(await ask('abc-1')).toBe('abc-1');
    expect(await ask('abc.1,abc.2')).toBe('abc.1,abc.2');
    expect(await ask(Array(33).fill('a').join())).toMatch(/^[\w-]{36}$/);
    expect(await ask('not ok!')).toMatch(/^[\w-]{36}$/);
    expect(await ask()).toMatch(/^[\w-]{36}$/);
  });

  it('tells of each request that is over, by its route and never by its path', async () => {
    logged = '';
    await fetch(`${server.url}/broken/secret-id`, { headers: { [REQUEST_ID]: 'abc-2' } });
    await fetch(`${server.url}/secret-path`);
    for (const answer of [
      { route: '/broken/:id', method: 'GET', status: 500 },
      { route: 'other', method: 'GET', status: 404 },
    ]) {
      await waitFor(answer.route, () => answers.some((told) => isDeepStrictEqual(told, answer)));
    }
    expect(logged).toContain('"requestId":"abc-2"');
    expect(logged).not.toMatch(/secret-id|secret-path/);
  });

  it('refuses bad JSON', async () => {
    for (const body of ['{', '', 'null', '3', '"text"', '{"name":"a"'] as const) {
      await expectError(await post(body), 400, 'bad-request');
    }
  });

  it('names the bad field', async () => {
    expect(await expectError(await post('{"name":1,"list":[]}'), 400, 'bad-request')).toMatchObject({
      path: 'name',
    });
    const nested = await expectError(
      await post('{"name":"a","list":[{"n":1},{"n":"x"}]}'),
      400,
      'bad-request',
    );
    expect(nested.path).toBe('list.1.n');
    await expectError(await post('{"name":"a","list":[],"more":1}'), 400, 'bad-request');
  });

  it('refuses a body that is too large', async () => {
    await expectError(await post(JSON.stringify({ name: 'x'.repeat(3_000) })), 413, 'payload-too-large');
    expect(LIMITS.bodyBytes).toBeGreaterThan(2_000);
  });

  it.each(['/echo', '/read-off'])(
    'answers nothing to a request that breaks off, and takes it for no error: %s',
    async (path) => {
      codes.length = 0;
      answers.length = 0;
      const { port, hostname } = new URL(server.url);
      const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
      const received: Buffer[] = [];
      socket.on('data', (bytes: Buffer) => {
        received.push(bytes);
        // The body is being read.
        socket.end();
      });
      const head = `POST ${path} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json`;
      socket.write(`${head}\r\nexpect: 100-continue\r\ncontent-length: 100\r\n\r\n{"name":`);
      await new Promise((resolve) => socket.once('end', resolve));
      socket.destroy();
      expect(Buffer.concat(received).toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
      await waitFor('the end of it', () => answers.length > 0);
      expect(answers.map(({ route }) => route)).toEqual([path]);
      // Answered after whatever was still to be said of that one.
      await fetch(`${server.url}/busy`);
      expect(codes).toEqual(['rate-limited']);
    },
  );

  it('says which headers are too large', async () => {
    const response = await fetch(`${server.url}/token`, { headers: { 'x-large': 'x'.repeat(20_000) } });
    expect(response.status).toBe(431);
  });

  it('refuses other content types and encodings', async () => {
    await expectError(await post('name=a', { 'content-type': 'text/plain' }), 415, 'unsupported-media-type');
    const encoded = { 'content-type': 'application/json', 'content-encoding': 'nonsense' };
    await expectError(await post('{}', encoded), 415, 'unsupported-media-type');
  });

  it('answers unknown routes, methods and paths that cannot be read', async () => {
    await expectError(await fetch(`${server.url}/nothing`), 404, 'not-found');
    await expectError(await fetch(`${server.url}/echo`, { method: 'PATCH' }), 405, 'method-not-allowed');
    await expectError(await fetch(`${server.url}/broken/%E0%A4%A`), 400, 'bad-request');
  });

  it('says when to come back', async () => {
    const response = await fetch(`${server.url}/busy`);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(await expectError(response, 429, 'rate-limited')).toMatchObject({ retryAfterMs: 1_500 });
  });

  it('hides what it did not expect, and logs it without the request of the driver', async () => {
    logged = '';
    await expectError(await fetch(`${server.url}/broken/1`), 500, 'internal');
    expect(logged).toContain('secret detail');
    expect(logged).not.toContain('secret body');
    expect(codes).toContain('internal');
  });

  it('takes a bearer token only in its one form', async () => {
    const ask = (authorization: string) => fetch(`${server.url}/token`, { headers: { authorization } });
    expect(await (await ask('Bearer a.b-c_d')).json()).toBe('a.b-c_d');
    for (const bad of ['Basic abc', 'Bearer', 'Bearer a b', 'bearer-a', `Bearer ${'a'.repeat(5_000)}`]) {
      await expectError(await ask(bad), 401, 'unauthorized');
    }
  });
});
