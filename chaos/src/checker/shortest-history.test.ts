import { expect, test } from 'vitest';
import { teller } from '../command/tell-history.ts';
import type { Line, SeenMessage } from '../history/line.ts';
import { shortestHistory } from './shortest-history.ts';
import type { Violation } from './violation.ts';

const ALICE = '11111111-1111-4111-8111-111111111111';
const BOB = '22222222-2222-4222-8222-222222222222';
const LOST = '33333333-3333-7333-8333-333333333333';
const OTHER = '44444444-4444-7444-8444-444444444444';

const row = (id: string, text: string): SeenMessage => ({
  ...{ author: ALICE, id, conversation: BOB, direction: 'out', kind: 'text', text },
  ...{ state: 'accepted', copies: 2, reactions: {} },
});
const sends = (at: number, operation: number, id: string, text: string): Line[] => [
  { at, type: 'invoked', device: 'alice/1', operation, name: 'text', args: { to: BOB, text } },
  { at: at + 1, type: 'returned', device: 'alice/1', operation, message: { author: ALICE, id } },
  { at: at + 2, type: 'told', device: 'alice/1', event: 'message-changed', message: row(id, text) },
];
const history: Line[] = [
  { at: 0, type: 'run', seed: 1 },
  { at: 1, type: 'enrolled', device: 'alice/1', accountId: ALICE, deviceId: 1 },
  { at: 2, type: 'enrolled', device: 'bob/1', accountId: BOB, deviceId: 1 },
  { at: 3, type: 'fault', fault: 1, name: 'stopped', on: 'node1' },
  { at: 4, type: 'fault', fault: 2, name: 'killed', on: 'node2' },
  { at: 5, type: 'fault-ended', fault: 2, name: 'killed', on: 'node2' },
  ...sends(10, 1, OTHER, 'another'),
  ...sends(20, 2, LOST, 'lost'),
  { at: 30, type: 'stopped', device: 'bob/1' },
  { at: 31, type: 'stopped', device: 'carol/1' },
  { at: 40, type: 'healed' },
  {
    ...{ at: 50, type: 'state', device: 'bob/1' },
    state: {
      self: { accountId: BOB, deviceId: 1 },
      conversations: [
        { accountId: ALICE, standing: 'accepted', unread: 0, messages: [row(OTHER, 'another')] },
      ],
      ...{ outbox: 0, setAside: 0 },
    },
  },
];
const violation: Violation = {
  law: 'arrives',
  what: `"lost" of alice/1 is not at bob/1`,
  shownBy: [20, 21],
  about: { messages: [`${ALICE} ${LOST}`], devices: ['alice/1', 'bob/1'] },
};

test('tells of the message and of the faults that were under way, and of nothing else', () => {
  const tell = teller(history);
  expect(shortestHistory(history, violation).map((line) => tell.line(line).trim())).toEqual([
    '0.001  alice/1 enrols as device 1',
    '0.002  bob/1 enrols as device 1',
    '0.003  fault stopped: node1',
    '0.020  alice/1 begins text "lost" with bob',
    '0.021  alice/1 is done with "lost" of alice',
    '0.022  alice/1 changes "lost" of alice: accepted, 2 copies',
    '0.040  everything is healed',
    '0.050  bob/1 holds in the end nothing of it',
  ]);
});

test('what the law points at is never left out of a long one', () => {
  const faults = Array.from({ length: 500 }, (_, fault): Line => {
    return { at: 20 + fault / 1000, type: 'fault', fault: fault + 10, name: 'killed', on: 'node1' };
  });
  const long = shortestHistory(
    [...history, ...faults].sort((a, b) => a.at - b.at),
    violation,
  );
  expect(long.length).toBeLessThan(50);
  expect(long.filter(({ type }) => type === 'invoked' || type === 'returned')).toHaveLength(2);
});

test('a sentence has names and texts for ids', () => {
  expect(teller(history).sentence(`${ALICE} ${LOST} stands 2 times at bob/1`)).toBe(
    'alice "lost" stands 2 times at bob/1',
  );
});
