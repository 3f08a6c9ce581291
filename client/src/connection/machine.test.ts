import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ERRORS, type ErrorCode } from '@restante/protocol';
import { backoffDelayMs } from './backoff.ts';
import { transition, type ConnectionContext, type ConnectionEvent, type ConnectionState } from './machine.ts';

const CONTEXT: ConnectionContext = {
  nowMs: 1_000_000,
  random: 0.5,
  masters: 1,
  backoff: { minMs: 1_000, maxMs: 30_000 },
  hasToken: true,
};

const [A, B] = ['https://a.example.org', 'https://b.example.org'];

const code = fc.option(fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[])), { nil: null });
const event: fc.Arbitrary<ConnectionEvent> = fc.oneof(
  fc.constantFrom<ConnectionEvent>(
    { type: 'start' },
    { type: 'stop' },
    { type: 'retry' },
    { type: 'chosen', origin: A },
    { type: 'chosen', origin: B },
    { type: 'chosen', origin: null },
    { type: 'authenticated' },
    { type: 'welcome' },
    { type: 'caught-up' },
    { type: 'moved', origin: B },
  ),
  code.map((each): ConnectionEvent => ({ type: 'authentication-failed', code: each })),
  code.map((each): ConnectionEvent => ({ type: 'socket-closed', code: each })),
);
const context: fc.Arbitrary<ConnectionContext> = fc.record({
  nowMs: fc.nat(),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  masters: fc.integer({ min: 1, max: 4 }),
  backoff: fc.constant(CONTEXT.backoff),
  hasToken: fc.boolean(),
});

const run = (
  events: readonly ConnectionEvent[],
  from: ConnectionState = { name: 'offline' },
  given: Partial<ConnectionContext> = {},
) =>
  events.reduce<ReturnType<typeof transition>>(
    ({ state }, each) => transition(state, each, { ...CONTEXT, ...given }),
    {
      state: from,
      effects: [],
    },
  );

describe('any events in any order', () => {
  test('each state but the ends has one thing under way, and it fits the state', () => {
    const wanted: Partial<Record<ConnectionState['name'], string>> = {
      choosing: 'choose',
      authenticating: 'authenticate',
      connecting: 'open',
      waiting: 'wait',
      'catching-up': 'open',
      live: 'open',
    };
    fc.assert(
      fc.property(fc.array(event), context, (events, each) => {
        let state: ConnectionState = { name: 'offline' };
        let activity: string | null = null;
        for (const next of events) {
          const result = transition(state, next, each);
          const replacing = result.effects.filter(({ type }) => type !== 'catch-up');
          expect(replacing.length).toBeLessThanOrEqual(1);
          if (next.type === 'socket-closed' && result.state !== state) expect(replacing).toHaveLength(1);
          for (const { type } of replacing) activity = type === 'release' ? null : type;
          state = result.state;
          expect(activity ?? undefined).toBe(wanted[state.name]);
        }
      }),
    );
  });

  test('a wait lies between half of the least and the greatest delay', () => {
    fc.assert(
      fc.property(fc.array(event), context, (events, each) => {
        const { state, effects } = run(events, undefined, each);
        if (state.name !== 'waiting') return;
        expect(state.retryAt - each.nowMs).toBeGreaterThanOrEqual(500);
        expect(state.retryAt - each.nowMs).toBeLessThanOrEqual(30_000);
        for (const effect of effects) {
          if (effect.type === 'wait') expect(effect.ms).toBe(state.retryAt - each.nowMs);
        }
      }),
    );
  });

  test('nothing comes after close', () => {
    fc.assert(
      fc.property(fc.array(event), fc.array(event), context, (before, after, each) => {
        const closed = run([...before, { type: 'close' }], undefined, each);
        expect(closed.state).toEqual({ name: 'closed' });
        expect(run(after, closed.state, each).state).toEqual({ name: 'closed' });
      }),
    );
  });

  test('a started connection that always fails goes on trying', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), context, (failures, each) => {
        let { state } = transition({ name: 'offline' }, { type: 'start' }, each);
        for (let count = 0; count < failures; count += 1) {
          state = transition(state, { type: 'chosen', origin: count % 3 === 0 ? null : A }, each).state;
          state = transition(state, { type: 'socket-closed', code: null }, each).state;
          state = transition(state, { type: 'authentication-failed', code: null }, each).state;
          state = transition(state, { type: 'retry' }, each).state;
        }
        expect(['choosing', 'authenticating', 'connecting', 'waiting']).toContain(state.name);
      }),
    );
  });
});

const START: readonly ConnectionEvent[] = [{ type: 'start' }, { type: 'chosen', origin: A }];

describe('the way to live', () => {
  test('with a token', () => {
    expect(run([{ type: 'start' }]).effects).toEqual([{ type: 'choose', afterMs: 0 }]);
    expect(run(START).effects).toEqual([{ type: 'open', origin: A }]);
    expect(run([...START, { type: 'welcome' }])).toEqual({
      state: { name: 'catching-up', attempt: 0, origin: A },
      effects: [{ type: 'catch-up' }],
    });
    expect(run([...START, { type: 'welcome' }, { type: 'caught-up' }]).state.name).toBe('live');
  });

  test('without a token it asks for one first', () => {
    const started = run(START, undefined, { hasToken: false });
    expect(started.effects).toEqual([{ type: 'authenticate', origin: A }]);
    expect(run([{ type: 'authenticated' }], started.state).state.name).toBe('connecting');
  });

  test('no server answers: after a wait, which grows', () => {
    const none: readonly ConnectionEvent[] = [{ type: 'chosen', origin: null }, { type: 'retry' }];
    const { state } = run([{ type: 'start' }, none[0]!], undefined, { masters: 3 });
    expect(state).toMatchObject({ name: 'waiting', retryAt: CONTEXT.nowMs + 750 });
    const later = run([{ type: 'start' }, ...none, ...none, ...none, none[0]!], undefined, { masters: 3 });
    expect(later.state).toMatchObject({ name: 'waiting', retryAt: CONTEXT.nowMs + 1_500 });
  });
});

describe('a closed socket', () => {
  const live: ConnectionState = { name: 'live', attempt: 0, origin: A };
  const close = (each: ErrorCode | null, masters = 1): ReturnType<typeof transition> =>
    run([{ type: 'socket-closed', code: each }], live, { masters });

  test('draining: a master is looked for, with others in a moment of one’s own', () => {
    expect(close('draining', 2).effects).toEqual([{ type: 'choose', afterMs: 500 }]);
    expect(close('draining').effects).toEqual([{ type: 'choose', afterMs: 0 }]);
  });

  test('lost: the same, with one master after a wait', () => {
    expect(close(null, 2).effects).toEqual([{ type: 'choose', afterMs: 500 }]);
    expect(close(null).state.name).toBe('waiting');
  });

  test('that of one server after the other: after each has been tried, a wait', () => {
    const lost: readonly ConnectionEvent[] = [
      { type: 'socket-closed', code: null },
      { type: 'chosen', origin: B },
    ];
    const tried = run([...lost, { type: 'socket-closed', code: null }], live, { masters: 2 });
    expect(tried.state.name).toBe('waiting');
  });

  test('token expired: fresh tokens at once, refused if there are none', () => {
    const next = run([{ type: 'chosen', origin: A }], close('token-expired').state);
    expect(next.effects).toEqual([{ type: 'authenticate', origin: A }]);
    const refused = run([{ type: 'authentication-failed', code: 'unauthorized' }], next.state);
    expect(refused.state).toEqual({ name: 'refused', code: 'unauthorized' });
  });

  test.each(['superseded', 'unsupported-version', 'forbidden'] as const)('%s: a person decides', (each) => {
    expect(close(each).state).toEqual({ name: 'refused', code: each });
    for (const type of ['start', 'retry'] as const)
      expect(run([{ type }, { type: 'chosen', origin: A }], close(each).state).state.name).toBe('connecting');
  });

  test('unauthorized: a person who tries again asks for tokens, whatever is kept', () => {
    const refused: ConnectionState = { name: 'refused', code: 'unauthorized' };
    for (const type of ['start', 'retry'] as const)
      expect(run([{ type }, { type: 'chosen', origin: A }], refused).effects).toEqual([
        { type: 'authenticate', origin: A },
      ]);
  });

  test('an upgrade that failed, for whatever reason, is followed by asking for tokens', () => {
    const { state } = run([
      ...START,
      { type: 'socket-closed', code: null },
      { type: 'retry' },
      { type: 'chosen', origin: A },
    ]);
    expect(state.name).toBe('authenticating');
  });
});

test('whoever moves to another server stays live, and reads the mailboxes', () => {
  const live: ConnectionState = { name: 'live', attempt: 0, origin: B };
  expect(run([{ type: 'moved', origin: A }], live)).toEqual({
    state: { ...live, origin: A },
    effects: [{ type: 'catch-up' }],
  });
});

test('delays double up to the bound and are spread over their upper half', () => {
  const backoff = { minMs: 1_000, maxMs: 30_000 };
  expect([1, 2, 3, 4, 5, 6, 60].map((round) => backoffDelayMs(backoff, round, 0))).toEqual([
    500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000,
  ]);
  expect(backoffDelayMs(backoff, 1, 0.5)).toBe(750);
});
