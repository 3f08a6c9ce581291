import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPresenceBoard, type PresenceState } from './presence-board.ts';

const account = fc.constantFrom<string>('a', 'b', 'c');
const step = fc.record({
  device: fc.record({ accountId: account, deviceId: fc.constantFrom(1, 2) }),
  state: fc.constantFrom<PresenceState>('online', 'away', 'offline'),
  to: fc.array(account, { maxLength: 4 }),
});

const BEST: readonly PresenceState[] = ['online', 'away'];

describe('the presence board', () => {
  it('tells each viewer exactly what changes for it, the most present device of an account', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const board = createPresenceBoard();
        const shown = new Map<string, (typeof steps)[number]>();
        const told = new Map<string, PresenceState>();
        const stateFor = (viewer: string, publisher: string): PresenceState =>
          BEST.find((state) =>
            [...shown.values()].some(
              (one) => one.device.accountId === publisher && one.state === state && one.to.includes(viewer),
            ),
          ) ?? 'offline';

        for (const one of steps) {
          const { device, state, to } = one;
          shown.set(`${device.accountId}${device.deviceId}`, one);
          for (const { viewer, frame } of board.set(device, state, to)) {
            const key = viewer + frame.accountId;
            expect(frame.state).not.toBe(told.get(key) ?? 'offline');
            told.set(key, frame.state);
          }
          for (const viewer of ['a', 'b', 'c']) {
            for (const publisher of ['a', 'b', 'c']) {
              expect(told.get(viewer + publisher) ?? 'offline').toBe(stateFor(viewer, publisher));
            }
            expect(new Map(board.snapshot(viewer).map((frame) => [frame.accountId, frame.state]))).toEqual(
              new Map(
                ['a', 'b', 'c']
                  .map((publisher) => [publisher, stateFor(viewer, publisher)] as const)
                  .filter(([, seen]) => seen !== 'offline'),
              ),
            );
          }
        }
      }),
    );
  });

  it('keeps nothing of devices that left', () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const board = createPresenceBoard();
        for (const { device, state, to } of steps) board.set(device, state, to);
        for (const { device } of steps) board.set(device, 'offline', []);
        expect(board.size()).toBe(0);
        for (const viewer of ['a', 'b', 'c']) expect(board.snapshot(viewer)).toEqual([]);
      }),
    );
  });
});
