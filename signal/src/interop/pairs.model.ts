import type { Address } from '../session/address.ts';
import type { Device } from './device.model.ts';
import { officialDevice } from './official-device.model.ts';
import { officialKeys } from './official-keys.model.ts';
import type { Library } from './official-package.model.ts';
import { ourDevice } from './our-device.model.ts';
import { ourKeys } from './our-keys.model.ts';

export const OURS: Address = { name: '11111111-1111-4111-8111-111111111111', deviceId: 1 };
export const THEIRS: Address = { name: '22222222-2222-4222-8222-222222222222', deviceId: 2 };
export const STRANGER: Address = { name: '33333333-3333-4333-8333-333333333333', deviceId: 3 };

const ONE_TIME_KEYS = 5;

export type Starter = 'ours' | 'theirs';
export const STARTERS: readonly Starter[] = ['ours', 'theirs'];

/** A fresh device of ours and one of the official package, the one that starts first. */
export const pair = (library: Library, starter: Starter): readonly [Device, Device] => {
  const ours = ourDevice(OURS, ourKeys(ONE_TIME_KEYS));
  const theirs = officialDevice(library, THEIRS, officialKeys(library, ONE_TIME_KEYS));
  return starter === 'ours' ? [ours, theirs] : [theirs, ours];
};
