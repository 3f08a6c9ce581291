import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connectCouch, CouchError, hasStatus, StoreFailedError, toCouchError, wholeAnswer } from './couch.ts';
import { ServiceError } from './service-error.ts';

const failureAgainst = async (listener: RequestListener): Promise<unknown> => {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await using couch = connectCouch(`http://admin:hunter2@127.0.0.1:${port}`, 300);
  try {
    wholeAnswer(await couch.db.get('messages'));
    return new CouchError(0, 'should have failed');
  } catch (error) {
    return error;
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

const answering = (status: number): RequestListener => {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"error":"x","reason":"why"}');
  };
};

describe('toCouchError', () => {
  it('keeps status and reason of a refusal', async () => {
    const error = toCouchError(await failureAgainst(answering(404)));
    expect(error).toBeInstanceOf(CouchError);
    expect(error).toMatchObject({ statusCode: 404, message: 'CouchDB answered 404: why' });
    expect(hasStatus(error, 404)).toBe(true);
    expect(hasStatus(error, 409)).toBe(false);
    expect(Object.keys(error)).not.toContain('request');
  });

  it('calls everything else unavailable: overload, faults, silence, half an answer, nobody there', async () => {
    const failures = [
      await failureAgainst(answering(429)),
      await failureAgainst(answering(500)),
      await failureAgainst(() => undefined),
      await failureAgainst((request) => request.socket.destroy()),
      await failureAgainst((request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
        response.write('{"rows":', () => request.socket.destroy());
      }),
    ];
    for (const failure of failures) {
      expect(toCouchError(failure)).toBeInstanceOf(ServiceError);
      expect(toCouchError(failure)).toMatchObject({ code: 'unavailable' });
    }
  });

  it('tells a CouchDB that fails from one that is overloaded, hangs or is away', async () => {
    const isFailure = async (listener: RequestListener): Promise<boolean> =>
      toCouchError(await failureAgainst(listener)) instanceof StoreFailedError;
    // What CouchDB 3.5 answers to a _bulk_docs that finds its disk full.
    const full: RequestListener = (_request, response) => {
      const headers = { 'content-type': 'application/json' };
      response.writeHead(500, headers).end('[{"error":"error","reason":"internal_server_error"}]');
    };
    expect(await isFailure(full)).toBe(true);
    expect(await isFailure(answering(507))).toBe(true);
    expect(await isFailure(answering(503))).toBe(false);
    expect(await isFailure((request) => request.socket.destroy())).toBe(false);
  });
});
