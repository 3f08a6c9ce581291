import { expect, it } from 'vitest';
import { causeOfEnd, lastComplaint } from './cause-of-end.ts';

it('keeps what a service says of its end as it is', () => {
  const said = 'The configuration is not complete:\n✖ is no URL: http://host:port\n  → at COUCHDB_URL';
  expect(causeOfEnd(`${said}\n`)).toBe(said);
  expect(causeOfEnd('')).toBe('');
});

it('finds the error among source, stack and log lines', () => {
  const crash = `{"level":"error","event":"x"}
node:events:497
      throw er; // Unhandled 'error' event
      ^

Error: EMFILE: too many open files, open '/data/000012.log'
    at open (node:fs:1)
    at async main (file:///main.ts:1:1) {
  errno: -24,
}

Node.js v24.0.0
`;
  expect(causeOfEnd(crash)).toBe("Error: EMFILE: too many open files, open '/data/000012.log'");
  expect(causeOfEnd('TypeError: x is not a function\n    at y\n')).toBe('TypeError: x is not a function');
  expect(
    causeOfEnd('<--- Last few GCs --->\nFATAL ERROR: Ineffective mark-compacts: heap out of memory\n'),
  ).toBe('FATAL ERROR: Ineffective mark-compacts: heap out of memory');
});

it('finds the last complaint in a log', () => {
  const log = [
    'cut":1}',
    '{"level":"warn","msg":"first"}',
    '{"level":"error","event":"couch-down","msg":"CouchDB does not answer"}',
    '{"level":"info","msg":"later"}',
    '',
  ];
  expect(lastComplaint(log.join('\n'))).toBe('CouchDB does not answer');
  expect(lastComplaint('{"level":"info","msg":"all is well"}')).toBe('');
});
