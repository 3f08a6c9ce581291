import { describe, expect, it } from 'vitest';
import { deviceListBytes, signedDeviceList } from './index.ts';

const device = (deviceId: number, registrationId = 7) => ({
  ...{ deviceId, registrationId, identityKey: 'B'.repeat(44) },
});
const list = {
  accountId: '6ba7b810-9dad-41d1-80b4-00c04fd430c8',
  accountKey: `${'A'.repeat(43)}=`,
  generation: 3,
  devices: [device(1), device(12, 300)],
  former: [{ ...device(5), until: 1_790_000_000_000 }],
  signature: `${'C'.repeat(86)}==`,
};

describe('a device list', () => {
  it('is signed as these bytes', () => {
    expect(new TextDecoder().decode(deviceListBytes(list))).toBe(
      [
        'restante device list 1',
        '6ba7b810-9dad-41d1-80b4-00c04fd430c8',
        `${'A'.repeat(43)}=`,
        '3',
        `1 7 ${'B'.repeat(44)}`,
        `12 300 ${'B'.repeat(44)}`,
        `former 5 7 ${'B'.repeat(44)} 1790000000000`,
      ].join('\n'),
    );
  });

  it('has at least one device, and each once, in the order of their numbers', () => {
    expect(signedDeviceList.parse(list)).toEqual(list);
    for (const devices of [[], [device(2), device(1)], [device(1), device(1, 8)]])
      expect(signedDeviceList.safeParse({ ...list, devices }).success).toBe(false);
    expect(signedDeviceList.safeParse({ ...list, generation: 0 }).success).toBe(false);
  });
});
