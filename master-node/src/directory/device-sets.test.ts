import { beforeEach, describe, expect, it } from 'vitest';
import type { SignedDeviceList } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import { createMetrics } from '../metrics.ts';
import { createDeviceSets, type DeviceSets } from './device-sets.ts';
import type { DeviceRecord } from './directory.ts';

const device = (deviceId: number): DeviceRecord => ({
  deviceId,
  name: 'test',
  registrationId: 100 + deviceId,
  identityKey: `key ${deviceId}`,
  secretHash: '',
  createdAt: 0,
});

describe('the cache of device sets', () => {
  let now = 0;
  let list: SignedDeviceList | null = null;
  let reads = 0;
  let answer: () => Promise<DeviceRecord[] | null>;
  let sets: DeviceSets;

  beforeEach(() => {
    now = 0;
    list = null;
    reads = 0;
    answer = () => Promise.resolve([device(1)]);
    const accountDevices = async () => {
      reads += 1;
      const devices = await answer();
      return devices && { devices, tokenGeneration: 7, list };
    };
    sets = createDeviceSets({ accountDevices }, createMetrics([]).deviceSets, () => now);
  });

  it('reads once for many, and again when it is asked to, told to, or some time has passed', async () => {
    const [set] = await Promise.all([sets.get('a'), sets.get('a'), sets.get('a')]);
    expect([...set!.all]).toEqual([1]);
    expect(await sets.tokenGeneration('a')).toBe(7);
    expect(reads).toBe(1);
    await sets.refresh('a');
    expect(reads).toBe(2);
    sets.forget('a');
    await sets.get('a');
    expect(reads).toBe(3);
    now += 60_000;
    await sets.get('a');
    await sets.get('a');
    expect(reads).toBe(4);
    sets.expireAll();
    await sets.get('a');
    expect(reads).toBe(5);
  });

  it('tells those who may come in from those that messages are for: on the list, with the keys that it names', async () => {
    answer = () => Promise.resolve([device(1), device(2), device(3), device(4)]);
    const [one, two, three] = [1, 2, 3].map(device) as [DeviceRecord, DeviceRecord, DeviceRecord];
    list = {
      ...{ accountId: 'a', accountKey: 'k', generation: 2, former: [], signature: 's' },
      devices: [one, { ...two, registrationId: 1 }, { ...three, identityKey: 'another' }, device(5)],
    };
    const set = await sets.get('a');
    expect([...set!.all]).toEqual([1, 2, 3, 4]);
    expect([...set!.listed]).toEqual([[1, 101]]);
  });

  it('does not keep what it read before it was told of a change', async () => {
    const { promise, resolve } = Promise.withResolvers<DeviceRecord[]>();
    answer = () => promise;
    const reading = sets.get('a');
    sets.forget('a');
    answer = () => Promise.resolve([device(1), device(2)]);
    resolve([device(1)]);
    expect((await reading)!.all.size).toBe(1);
    expect((await sets.get('a'))!.all.size).toBe(2);
  });

  it('uses what it has, however old, while the directory does not answer, and only then', async () => {
    await sets.get('a');
    now += 60_000;
    answer = () => Promise.reject(new ServiceError('unavailable', 'test'));
    expect((await sets.get('a'))!.all.size).toBe(1);
    await expect(sets.refresh('a')).rejects.toMatchObject({ code: 'unavailable' });
    expect((await sets.get('a'))!.all.size).toBe(1);
    await expect(sets.get('b')).rejects.toMatchObject({ code: 'unavailable' });
    answer = () => Promise.reject(new Error('test'));
    await expect(sets.get('a')).rejects.toThrow('test');
  });

  it('does not remember that an account is not there', async () => {
    answer = () => Promise.resolve(null);
    expect(await sets.get('a')).toBeNull();
    answer = () => Promise.resolve([device(1)]);
    expect((await sets.get('a'))!.all.size).toBe(1);
  });
});
