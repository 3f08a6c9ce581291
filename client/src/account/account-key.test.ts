import { generateKeyPairSync, sign } from 'node:crypto';
import { deviceListBytes } from '@restante/protocol';
import { newTestAccountKey } from '@restante/testkit';
import { expect, test } from 'vitest';
import { fromBase64, toBase64 } from '../base64.ts';
import { accountKeyOf, createAccountKey, isSignedList, signDeviceList } from './account-key.ts';

const device = (deviceId: number) => ({ deviceId, registrationId: 7, identityKey: 'B'.repeat(44) });
const list = {
  ...{ accountId: '6ba7b810-9dad-41d1-80b4-00c04fd430c8', generation: 3 },
  devices: [device(12), device(2)],
  former: [{ ...device(5), until: 1_790_000_000_000 }],
};

test('a list that is signed here holds there, and the other way round, with its devices in order', () => {
  const key = createAccountKey((bytes) => crypto.getRandomValues(bytes));
  expect(accountKeyOf(key.privateKey)).toEqual(key);
  const signed = signDeviceList(key, list);
  expect(signed.devices.map(({ deviceId }) => deviceId)).toEqual([2, 12]);
  expect(isSignedList(signed)).toBe(true);
  expect(isSignedList(newTestAccountKey().sign(list))).toBe(true);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const given = { ...signed, accountKey: Buffer.from(x, 'base64url').toString('base64') };
  const signature = sign(null, deviceListBytes(given), privateKey).toString('base64');
  expect(isSignedList({ ...given, signature })).toBe(true);
});

test('anything else in it is not signed', () => {
  const signed = signDeviceList(
    createAccountKey((bytes) => crypto.getRandomValues(bytes)),
    list,
  );
  const flipped = fromBase64(signed.signature).map((byte, index) => (index === 0 ? byte ^ 1 : byte));
  const other = createAccountKey((bytes) => crypto.getRandomValues(bytes)).accountKey;
  for (const forged of [
    { ...signed, accountId: crypto.randomUUID() },
    { ...signed, accountKey: other },
    { ...signed, generation: 4 },
    { ...signed, devices: signed.devices.slice(1) },
    { ...signed, devices: [...signed.devices, device(13)] },
    { ...signed, devices: signed.devices.map((each) => ({ ...each, registrationId: 8 })) },
    { ...signed, former: [] },
    { ...signed, former: signed.former.map((each) => ({ ...each, until: each.until + 1 })) },
    { ...signed, signature: toBase64(flipped) },
    // A key of small order, for which other verifiers take more than one signature.
    { ...signed, accountKey: toBase64(new Uint8Array(32)), signature: toBase64(new Uint8Array(64)) },
  ])
    expect(isSignedList(forged)).toBe(false);
});
