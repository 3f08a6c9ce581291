import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createFaultLog, describeFault } from './fault-log.ts';

function thrownBy(act: () => unknown): unknown {
  try {
    return act();
  } catch (failure) {
    return failure;
  }
}

describe('a fault', () => {
  it('of the system is told with code, reason, place and what to do', () => {
    const failure = new Error('store failed', {
      cause: Object.assign(new Error('IO error: /data/000012.log: Too many open files'), {
        code: 'LEVEL_IO_ERROR',
      }),
    });
    expect(describeFault(failure)).toEqual({
      error: 'Error',
      code: 'LEVEL_IO_ERROR',
      reason: 'IO error: /data/000012.log: Too many open files',
      place: expect.stringMatching(/^fault-log\.test\.ts:\d+$/) as string,
      advice: 'raise the limit of open files (ulimit -n)',
    });
    expect(describeFault(thrownBy(() => readFileSync('/nowhere')))).toMatchObject({ code: 'ENOENT' });
  });

  it('of any other kind is told without its text, which may quote what is stored', () => {
    const failure = thrownBy(() => JSON.parse('{"secret": 1') as unknown);
    expect(describeFault(failure)).toMatchObject({ error: 'SyntaxError' });
    expect(JSON.stringify([failure, new TypeError('secret')].map(describeFault))).not.toContain('secret');
    expect(describeFault('secret')).toEqual({ error: 'string' });
  });

  it('is told once for as long as it goes on, and how often it came meanwhile', () => {
    const lines: object[] = [];
    let time = 0;
    const tell = createFaultLog(
      (event, fields) => lines.push({ event, ...fields }),
      () => time,
    );
    const failure = new RangeError('any');
    for (let n = 0; n < 1000; n += 1) tell('request failed', { method: 'GET' }, failure);
    tell('request failed', { method: 'PUT' }, failure);
    expect(lines).toMatchObject([{ error: 'RangeError', method: 'GET' }, { method: 'PUT' }]);
    time = 60_000;
    tell('request failed', { method: 'GET' }, failure);
    expect(lines.slice(2)).toMatchObject([{ method: 'GET', repeated: 999 }]);
  });
});
