import { fingerprintDigits, generateKeyPair, systemRandom } from '@restante/signal';
import { expect, test } from 'vitest';
import { toBase64 } from '../base64.ts';
import { uuidBytes } from '../account/uuid-bytes.ts';
import { deviceDigits, fingerprint } from '../account/key-digits.ts';

const accountId = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';

test('digits are those of Signal for a key of that kind, and others for another key or owner', () => {
  const { publicKey } = generateKeyPair(systemRandom);
  const key = toBase64(publicKey);
  const digits = fingerprintDigits({ id: uuidBytes(accountId), identityKey: publicKey });
  expect(fingerprint({ accountId, key })).toBe(digits);
  expect(fingerprint({ accountId, key })).toBe(digits);
  expect(deviceDigits(accountId, key)).toBe(digits.slice(0, 15));
  const others = [
    { accountId: crypto.randomUUID(), key },
    { accountId, key: toBase64(generateKeyPair(systemRandom).publicKey) },
    { accountId, key: toBase64(publicKey.subarray(1)) },
  ];
  for (const other of others) expect(fingerprint(other)).not.toBe(digits);
});
