import { deviceKey } from '@restante/protocol';
import { describe, expect, it } from 'vitest';
import { createLocalBus } from './bus.ts';
import { createPushWindows } from './push-windows.ts';

describe('the window between push and store', () => {
  const bus = createLocalBus();
  const windows = createPushWindows(bus);
  const [one, two] = [1, 2].map((deviceId) => ({ accountId: 'a', deviceId }));
  const connects = (device = one!) => bus.publish({ kind: 'connected', device, connectionId: 'c' });

  it('tells who connected while it was open, to each send that watches', () => {
    connects();
    const close = windows.open([one!, two!]);
    const closeOther = windows.open([one!]);
    connects();
    connects();
    expect([...close()]).toEqual([deviceKey(one!)]);
    connects(two);
    expect([...closeOther()]).toEqual([deviceKey(one!)]);
  });

  it('tells nothing of who connected before or after', () => {
    connects();
    const connected = windows.open([one!])();
    connects();
    expect(connected.size).toBe(0);
  });
});
