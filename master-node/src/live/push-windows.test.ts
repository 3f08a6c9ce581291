import { deviceKey } from '@restante/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLocalBus } from './local-bus.ts';
import { createPushWindows, type PushWindow } from './push-windows.ts';

const [one, two] = [1, 2].map((deviceId) => ({ accountId: 'a', deviceId }));

/** Who is told of: at the end of the store, and later. */
const close = (window: PushWindow, bytes = 1): string[] => {
  const told: string[] = [];
  window.close(bytes, (device) => told.push(device));
  return told;
};

describe('the window between push and store', () => {
  const bus = createLocalBus()();
  const windows = createPushWindows(bus);
  const connects = (device = one!) => bus.publish({ kind: 'connected', device, connectionId: 'c' });

  it('tells who connected while it was open, to each send that watches', () => {
    connects();
    const window = windows.open([one!, two!]);
    const other = windows.open([one!]);
    connects();
    connects();
    expect(close(window)).toEqual([deviceKey(one!)]);
    connects(two);
    expect(close(other)).toEqual([deviceKey(one!)]);
  });

  it('tells nothing of who connected before or after', () => {
    connects();
    const told = close(windows.open([one!]));
    connects();
    expect(told).toEqual([]);
  });
});

describe('the window over a bus by which one hears later', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const LATENESS_MS = 700;
  const late = () => {
    const bus = { ...createLocalBus()(), latenessMs: LATENESS_MS };
    const connects = () => bus.publish({ kind: 'connected', device: one!, connectionId: 'c' });
    return { windows: createPushWindows(bus), connects };
  };

  it('tells of who may have connected before the end of the store', () => {
    const { windows, connects } = late();
    const told = close(windows.open([one!]));
    vi.advanceTimersByTime(LATENESS_MS - 1);
    connects();
    expect(told).toEqual([deviceKey(one!)]);
    vi.advanceTimersByTime(1);
    connects();
    expect(told).toHaveLength(1);
  });

  it('keeps no more than its bound for that', () => {
    const { windows, connects } = late();
    const kept = close(windows.open([one!]), 16 * 1024 * 1024);
    const beyond = close(windows.open([one!]));
    connects();
    expect([kept, beyond]).toEqual([[deviceKey(one!)], []]);
    vi.advanceTimersByTime(LATENESS_MS);
    const next = close(windows.open([one!]));
    connects();
    expect(next).toEqual([deviceKey(one!)]);
  });
});
