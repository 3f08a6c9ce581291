import { expect, test } from 'vitest';
import { expectCode } from '../testing/signal-error.model.ts';
import { loadVectors, toHex } from '../testing/vectors.model.ts';
import { messageAddresses } from './message-addresses.ts';

type AddressVector = {
  from: string;
  fromDevice: number;
  to: string;
  toDevice: number;
  field6: string | null;
};

const { addresses } = loadVectors('messages') as { addresses: AddressVector[] };

test.each(addresses)('$from to $to, as the official package writes it', (vector) => {
  const field = messageAddresses(
    { name: vector.from, deviceId: vector.fromDevice },
    { name: vector.to, deviceId: vector.toDevice },
  );
  expect(field === null ? null : toHex(field)).toBe(vector.field6);
});

const UUID = '8b6ec191-86f9-4e84-96a0-75f12c37732c';

test.each([
  ['a newline behind', `${UUID}\n`],
  ['pni: in small letters', `pni:${UUID}`],
  ['PNI: twice', `PNI:PNI:${UUID}`],
  ['braces', `{${UUID}}`],
  ['a hyphen elsewhere', '8b6ec19-186f9-4e84-96a0-75f12c37732c'],
  ['a letter that is no digit', `g${UUID.slice(1)}`],
  ['nothing', ''],
])('a name with %s is no service id', (_, name) => {
  const uuid = { name: UUID, deviceId: 1 };
  expect(messageAddresses({ name, deviceId: 1 }, uuid)).toBe(null);
  expect(messageAddresses(uuid, { name, deviceId: 1 })).toBe(null);
});

test.each([0, 128, 1.5, Number.NaN, -1])('there is no device %d', (deviceId) => {
  const right = { name: UUID, deviceId: 127 };
  expectCode('invalid-argument', () => messageAddresses(right, { name: UUID, deviceId }));
  expectCode('invalid-argument', () => messageAddresses({ name: UUID, deviceId }, right));
});
