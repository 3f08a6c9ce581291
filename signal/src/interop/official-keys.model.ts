import type { DeviceKeys } from './device.model.ts';
import type { Library } from './official-package.model.ts';

const keyPair = (library: Library) => {
  const privateKey = library.PrivateKey.generate();
  return { publicKey: privateKey.getPublicKey().serialize(), privateKey: privateKey.serialize() };
};

/** Fresh keys of the package's own making, with so many one-time keys of each kind. */
export const officialKeys = (library: Library, oneTimeKeys = 1): DeviceKeys => {
  const identity = keyPair(library);
  const identityKey = library.PrivateKey.deserialize(identity.privateKey);
  const kyberPreKey = (id: number, isLastResort: boolean) => {
    const pair = library.KEMKeyPair.generate();
    const publicKey = pair.getPublicKey().serialize();
    const signature = identityKey.sign(publicKey);
    const secretKey = pair.getSecretKey().serialize();
    return { id, publicKey, secretKey, signature, createdMs: 0, isLastResort };
  };
  const signed = keyPair(library);
  const ids = Array.from({ length: oneTimeKeys }, (_, index) => 1_000 + index);
  return {
    registrationId: 1 + Math.floor(Math.random() * 0x3fff),
    identity,
    signedPreKey: { id: 1, ...signed, signature: identityKey.sign(signed.publicKey), createdMs: 0 },
    lastResortKyberPreKey: kyberPreKey(2, true),
    preKeys: ids.map((id) => ({ id, ...keyPair(library) })),
    kyberPreKeys: ids.map((id) => kyberPreKey(10_000 + id, false)),
  };
};
