import { generateKeyPair } from '../curve.ts';
import {
  generateKyberPreKey,
  generatePreKeys,
  generateRegistrationId,
  generateSignedPreKey,
} from '../pre-keys.ts';
import { systemRandom } from '../random.ts';
import type { DeviceKeys } from './device.model.ts';

/** Fresh keys of our own making, with so many one-time keys of each kind. */
export const ourKeys = (oneTimeKeys = 1): DeviceKeys => {
  const identity = generateKeyPair(systemRandom);
  const kyberPreKey = (id: number, isLastResort: boolean) =>
    generateKyberPreKey(id, identity, { isLastResort }, 0, systemRandom);
  return {
    registrationId: generateRegistrationId(systemRandom),
    identity,
    signedPreKey: generateSignedPreKey(1, identity, 0, systemRandom),
    lastResortKyberPreKey: kyberPreKey(2, true),
    preKeys: generatePreKeys(1_000, oneTimeKeys, systemRandom),
    kyberPreKeys: Array.from({ length: oneTimeKeys }, (_, index) => kyberPreKey(11_000 + index, false)),
  };
};
