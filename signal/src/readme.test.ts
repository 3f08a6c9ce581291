import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { generateKeyPair } from './curve.ts';
import * as signal from './index.ts';
import type { LocalDevice, PreKeyBundle } from './index.ts';

/** The code of the README runs as it stands, with two devices around it. */
const exampleOf = (readme: string): string => /```ts\n([^]*?)```/.exec(readme)?.[1] ?? '';

const device = (name: string): LocalDevice => ({
  identity: generateKeyPair(signal.systemRandom),
  registrationId: signal.generateRegistrationId(),
  address: { name, deviceId: 1 },
});

it('has an example that does what it says', async () => {
  const alice = device('5ab3a1a0-43b5-4ab5-8b18-c4b2a3b0a001');
  const bob = device('5ab3a1a0-43b5-4ab5-8b18-c4b2a3b0a002');
  const signedPreKey = signal.generateSignedPreKey(1, bob.identity, Date.now());
  const kyberPreKey = signal.generateKyberPreKey(2, bob.identity, { isLastResort: true }, Date.now());
  const [preKey] = signal.generatePreKeys(3, 1);
  const bundleOf = ({ registrationId, address, identity }: LocalDevice): PreKeyBundle => ({
    registrationId,
    deviceId: address.deviceId,
    identityKey: identity.publicKey,
    signedPreKey,
    kyberPreKey,
    preKey: preKey ?? null,
  });
  const bobsKeys: signal.PreKeyLookup = {
    preKey: () => preKey,
    signedPreKey: () => signedPreKey,
    kyberPreKey: () => kyberPreKey,
    isUsed: () => false,
  };

  const example = exampleOf(await readFile(new URL('../README.md', import.meta.url), 'utf8'));
  expect(example.trim().split('\n').length).toBeLessThanOrEqual(10);
  const names = { ...signal, alice, bob, bobsKeys, bundleOf };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the README's own lines
  const run = new Function(...Object.keys(names), `${example}\nreturn { plaintext, used };`) as (
    ...values: unknown[]
  ) => { plaintext: Uint8Array; used: signal.Handshake | null };
  const { plaintext, used } = run(...Object.values(names));
  expect(new TextDecoder().decode(plaintext)).toBe('hello');
  expect(used).toMatchObject({ preKeyId: 3, signedPreKeyId: 1, kyberPreKeyId: 2 });
});
