import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPresenceBoard, type PresenceChange, type PresenceState } from './presence-board.ts';

const ACCOUNTS = ['a', 'b', 'c'] as const;
const MASTERS = ['m1', 'm2'] as const;
const account = fc.constantFrom<string>(...ACCOUNTS);
const master = fc.constantFrom<string>(...MASTERS);
const told = fc.record({
  kind: fc.constant('told' as const),
  master,
  device: fc.record({ accountId: account, deviceId: fc.constantFrom(1, 2) }),
  state: fc.constantFrom<PresenceState>('online', 'away', 'offline'),
  to: account,
  round: fc.integer({ min: 0, max: 3 }),
});
const step = fc.oneof(
  { weight: 8, arbitrary: told },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('ended' as const),
      master,
      round: fc.integer({ min: 0, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('gone' as const), master }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('left' as const), viewer: account }) },
);
type Told = Omit<typeof told extends fc.Arbitrary<infer T> ? T : never, 'kind'>;

const BEST: readonly PresenceState[] = ['online', 'away'];

describe('the presence board', () => {
  it('tells each viewer exactly what changes for it, the most present device of an account', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const board = createPresenceBoard();
        const shown = new Map<string, Told>();
        const seen = new Map<string, PresenceState>();
        const stateFor = (viewer: string, publisher: string): PresenceState =>
          BEST.find((state) =>
            [...shown.values()].some(
              (one) => one.device.accountId === publisher && one.state === state && one.to === viewer,
            ),
          ) ?? 'offline';
        const drop = (isOver: (one: Told) => boolean): void => {
          for (const [key, one] of shown) if (isOver(one)) shown.delete(key);
        };
        const perform = (one: (typeof steps)[number]): PresenceChange[] => {
          switch (one.kind) {
            case 'told':
              shown.set([one.master, one.to, one.device.accountId, one.device.deviceId].join(), one);
              return board.set(one.master, one);
            case 'ended':
              drop((entry) => entry.master === one.master && entry.round < one.round);
              return board.endRound(one.master, one.round);
            case 'gone':
              drop((entry) => entry.master === one.master);
              return board.drop(one.master);
            case 'left':
              drop((entry) => entry.to === one.viewer);
              for (const publisher of ACCOUNTS) seen.delete(one.viewer + publisher);
              board.forget(one.viewer);
              return [];
          }
        };

        for (const one of steps) {
          for (const { viewer, frame } of perform(one)) {
            const key = viewer + frame.accountId;
            expect(frame.state).not.toBe(seen.get(key) ?? 'offline');
            seen.set(key, frame.state);
          }
          for (const viewer of ACCOUNTS) {
            const expected = ACCOUNTS.map((publisher) => [publisher, stateFor(viewer, publisher)] as const);
            for (const [publisher, state] of expected)
              expect(seen.get(viewer + publisher) ?? 'offline').toBe(state);
            expect(new Map(board.snapshot(viewer).map((frame) => [frame.accountId, frame.state]))).toEqual(
              new Map(expected.filter(([, state]) => state !== 'offline')),
            );
          }
        }
      }),
    );
  });

  it('keeps nothing of masters and devices that left', () => {
    fc.assert(
      fc.property(fc.array(told), fc.boolean(), (steps, byMaster) => {
        const board = createPresenceBoard();
        for (const one of steps) board.set(one.master, one);
        if (byMaster) for (const one of MASTERS) board.drop(one);
        else for (const one of steps) board.set(one.master, { ...one, state: 'offline' });
        expect(board.size()).toBe(0);
      }),
    );
  });
});
