import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connectCouch } from './couch.ts';
import { createLog, pseudonym } from './log.ts';
import { ServiceError } from './service-error.ts';

const collect = (): { lines: () => string; write: (line: string) => void } => {
  let text = '';
  return {
    lines: () => text,
    write: (line) => {
      text += line;
    },
  };
};

/** An error as nano makes it: with the whole request, body included. */
const nanoError = async (): Promise<unknown> => {
  const server = createServer((_request, response) => {
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"bad","reason":"no"}');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await using couch = connectCouch(`http://admin:hunter2@127.0.0.1:${port}`, 1_000);
  try {
    await couch.use('messages').insert({ _id: 'a', payload: 'c2VjcmV0' } as never);
    throw new Error('should have been refused');
  } catch (error) {
    return error;
  } finally {
    server.close();
  }
};

describe('log', () => {
  it('writes an error without the fields that drivers hang on it', async () => {
    const error = await nanoError();
    expect(JSON.stringify(error)).toContain('c2VjcmV0');
    const sink = collect();
    const log = createLog('test', 'info', sink);
    log.error({ err: error }, 'failed');
    log.error({ err: new Error('outer', { cause: error }) }, 'failed');
    expect(sink.lines()).toContain('"name":"Error"');
    expect(sink.lines()).not.toContain('c2VjcmV0');
    expect(sink.lines()).not.toContain('hunter2');
  });

  it('writes the stack of what nobody expected, and of nothing else', () => {
    const sink = collect();
    const log = createLog('test', 'info', sink);
    log.info({ err: new ServiceError('unauthorized', 'a token is needed') }, 'refused');
    expect(sink.lines()).not.toContain('"stack"');
    log.error({ err: new ServiceError('internal', 'internal error', { cause: new Error('why') }) }, 'failed');
    expect(sink.lines().match(/"stack"/g)).toHaveLength(2);
  });

  it('writes thrown values that are not errors as their type alone', () => {
    const sink = collect();
    createLog('test', 'info', sink).error({ err: { payload: 'c2VjcmV0' } }, 'failed');
    expect(sink.lines()).not.toContain('c2VjcmV0');
  });

  it('takes out secrets by the names of their fields', () => {
    const sink = collect();
    createLog('test', 'info', sink).info({
      password: 'hunter2',
      headers: { authorization: 'Bearer hunter2' },
      envelope: { payload: 'hunter2' },
    });
    expect(sink.lines()).not.toContain('hunter2');
  });

  it('gives an account the same pseudonym each time, and no two the same', () => {
    expect(pseudonym('a')).toBe(pseudonym('a'));
    expect(pseudonym('a')).not.toBe(pseudonym('b'));
  });
});
