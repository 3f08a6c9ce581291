import { beforeEach, describe, expect, it } from 'vitest';
import { ServiceError } from '@restante/service-kit';
import { createMetrics } from '../metrics.ts';
import { createDeviceSets, type DeviceSets } from './device-sets.ts';
import type { DeviceRecord } from './directory.ts';

const device = (deviceId: number): DeviceRecord => ({
  deviceId,
  name: 'test',
  registrationId: 100 + deviceId,
  secretHash: '',
  createdAt: 0,
});

describe('the cache of device sets', () => {
  let now = 0;
  let reads = 0;
  let answer: () => Promise<DeviceRecord[] | null>;
  let sets: DeviceSets;

  beforeEach(() => {
    now = 0;
    reads = 0;
    answer = () => Promise.resolve([device(1)]);
    const deviceList = async () => {
      reads += 1;
      const devices = await answer();
      return devices && { devices, tokenGeneration: 7 };
    };
    sets = createDeviceSets({ deviceList }, createMetrics([]).deviceSets, () => now);
  });

  it('reads once for many, and again when it is asked to, told to, or some time has passed', async () => {
    const [set] = await Promise.all([sets.get('a'), sets.get('a'), sets.get('a')]);
    expect([...set!]).toEqual([[1, 101]]);
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

  it('does not keep what it read before it was told of a change', async () => {
    const { promise, resolve } = Promise.withResolvers<DeviceRecord[]>();
    answer = () => promise;
    const reading = sets.get('a');
    sets.forget('a');
    answer = () => Promise.resolve([device(1), device(2)]);
    resolve([device(1)]);
    expect((await reading)!.size).toBe(1);
    expect((await sets.get('a'))!.size).toBe(2);
  });

  it('uses what it has, however old, while the directory does not answer, and only then', async () => {
    await sets.get('a');
    now += 60_000;
    answer = () => Promise.reject(new ServiceError('unavailable', 'test'));
    expect((await sets.get('a'))!.size).toBe(1);
    await expect(sets.refresh('a')).rejects.toMatchObject({ code: 'unavailable' });
    expect((await sets.get('a'))!.size).toBe(1);
    await expect(sets.get('b')).rejects.toMatchObject({ code: 'unavailable' });
    answer = () => Promise.reject(new Error('test'));
    await expect(sets.get('a')).rejects.toThrow('test');
  });

  it('does not remember that an account is not there', async () => {
    answer = () => Promise.resolve(null);
    expect(await sets.get('a')).toBeNull();
    answer = () => Promise.resolve([device(1)]);
    expect((await sets.get('a'))!.size).toBe(1);
  });
});
