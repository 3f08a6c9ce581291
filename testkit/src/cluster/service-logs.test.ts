import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, ServiceError, toServiceError } from '@restante/service-kit';
import { afterAll, expect, test } from 'vitest';
import type { ClusterProcess } from '@restante/scripts/cluster';
import { followLogs } from './service-logs.ts';

const folder = mkdtempSync(join(tmpdir(), 'restante-logs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Lines as services write them. */
const lineOf = (error: ServiceError): string => {
  let line = '';
  const log = createLog('test', 'info', { write: (written) => void (line += written) });
  log[error.row.level]({ event: 'request-failed', code: error.code, err: error }, error.message);
  return line;
};
const unforeseen = lineOf(toServiceError(new TypeError('x is not a function')));
const known = lineOf(new ServiceError('unauthorized', 'a token is needed'));
const embedded = `${JSON.stringify({ service: 'embedded couchdb', event: 'unexpected failure', error: 'RangeError' })}\n`;

test('tells of errors that nobody had foreseen, once each, since it follows, over a change of files', async () => {
  const logFile = join(folder, 'node1.log');
  writeFileSync(logFile, embedded);
  const logs = await followLogs([{ name: 'node1', logFile } as ClusterProcess]);
  expect(await logs.unforeseen()).toEqual([]);
  appendFileSync(logFile, known + unforeseen + unforeseen + '{"cut\n');
  expect(await logs.unforeseen()).toEqual([
    expect.stringMatching(/^node1: request-failed TypeError x is not a function at /),
  ]);
  renameSync(logFile, `${logFile}.1`);
  writeFileSync(logFile, `${embedded}no JSON\n`);
  expect(await logs.unforeseen()).toEqual([
    expect.stringContaining('TypeError'),
    'node1: unexpected failure RangeError',
  ]);
});

test('a log that is not there yet has all of its lines to come', async () => {
  const logFile = join(folder, 'new.log');
  const logs = await followLogs([{ name: 'new', logFile } as ClusterProcess]);
  expect(await logs.unforeseen()).toEqual([]);
  writeFileSync(logFile, embedded);
  expect(await logs.unforeseen()).toHaveLength(1);
});
