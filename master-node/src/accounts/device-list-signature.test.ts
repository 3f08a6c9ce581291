import { newTestAccountKey } from '@restante/testkit';
import { expect, test } from 'vitest';
import { isSignedList } from './device-list-signature.ts';

test('a list holds when its account key has signed it, and whatever else stands there is no key', () => {
  const devices = [{ deviceId: 1, registrationId: 7, identityKey: 'B'.repeat(44) }];
  const list = newTestAccountKey().sign({ accountId: crypto.randomUUID(), generation: 1, devices });
  expect(isSignedList(list)).toBe(true);
  for (const accountKey of [newTestAccountKey().accountKey, 'A'.repeat(44), `${'A'.repeat(42)}==`])
    expect(isSignedList({ ...list, accountKey })).toBe(false);
});
