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

const code = fc.option(fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[])), { nil: null });
const event: fc.Arbitrary<ConnectionEvent> = fc.oneof(
  fc.constantFrom<ConnectionEvent>(
    { type: 'start' },
    { type: 'stop' },
    { type: 'retry' },
    { type: 'authenticated' },
    { type: 'welcome' },
    { type: 'caught-up' },
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

  test('the master in use is always one of those configured', () => {
    fc.assert(
      fc.property(fc.array(event), context, (events, each) => {
        const { state } = run(events, undefined, each);
        if ('master' in state) expect(state.master).toBeLessThan(each.masters);
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
          state = transition(state, { type: 'socket-closed', code: null }, each).state;
          state = transition(state, { type: 'authentication-failed', code: null }, each).state;
          state = transition(state, { type: 'retry' }, each).state;
        }
        expect(['authenticating', 'connecting', 'waiting']).toContain(state.name);
      }),
    );
  });
});

describe('the way to live', () => {
  test('with a token', () => {
    expect(run([{ type: 'start' }]).effects).toEqual([{ type: 'open', master: 0 }]);
    expect(run([{ type: 'start' }, { type: 'welcome' }])).toEqual({
      state: { name: 'catching-up', attempt: 0, master: 0 },
      effects: [{ type: 'catch-up' }],
    });
    expect(run([{ type: 'start' }, { type: 'welcome' }, { type: 'caught-up' }]).state.name).toBe('live');
  });

  test('without a token it asks for one first', () => {
    const started = run([{ type: 'start' }], undefined, { hasToken: false });
    expect(started.effects).toEqual([{ type: 'authenticate', master: 0 }]);
    expect(run([{ type: 'authenticated' }], started.state).state.name).toBe('connecting');
  });
});

describe('a closed socket', () => {
  const live: ConnectionState = { name: 'live', attempt: 0, master: 0 };
  const close = (each: ErrorCode | null, masters = 1): ReturnType<typeof transition> =>
    run([{ type: 'socket-closed', code: each }], live, { masters });

  test('draining: the next master at once', () => {
    expect(close('draining', 2).effects).toEqual([{ type: 'open', master: 1 }]);
    expect(close('draining').effects).toEqual([{ type: 'open', master: 0 }]);
  });

  test('lost: another master at once, with one master after a wait', () => {
    expect(close(null, 2).effects).toEqual([{ type: 'open', master: 1 }]);
    expect(close(null).state.name).toBe('waiting');
  });

  test('token expired: fresh tokens at once, refused if there are none', () => {
    const next = close('token-expired');
    expect(next.effects).toEqual([{ type: 'authenticate', master: 0 }]);
    const refused = run([{ type: 'authentication-failed', code: 'unauthorized' }], next.state);
    expect(refused.state).toEqual({ name: 'refused', code: 'unauthorized' });
  });

  test.each(['superseded', 'unsupported-version', 'forbidden'] as const)('%s: a person decides', (each) => {
    expect(close(each).state).toEqual({ name: 'refused', code: each });
    for (const type of ['start', 'retry'] as const)
      expect(run([{ type }], close(each).state).state.name).toBe('connecting');
  });

  test('unauthorized: a person who tries again asks for tokens, whatever is kept', () => {
    const refused: ConnectionState = { name: 'refused', code: 'unauthorized' };
    for (const type of ['start', 'retry'] as const)
      expect(run([{ type }], refused).effects).toEqual([{ type: 'authenticate', master: 0 }]);
  });

  test('an upgrade that failed, for whatever reason, is followed by asking for tokens', () => {
    const { state } = run([{ type: 'start' }, { type: 'socket-closed', code: null }, { type: 'retry' }]);
    expect(state.name).toBe('authenticating');
  });
});

test('delays double up to the bound and are spread over their upper half', () => {
  const backoff = { minMs: 1_000, maxMs: 30_000 };
  expect([1, 2, 3, 4, 5, 6, 60].map((round) => backoffDelayMs(backoff, round, 0))).toEqual([
    500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000,
  ]);
  expect(backoffDelayMs(backoff, 1, 0.5)).toBe(750);
});
