import { generateKeyPairSync } from 'node:crypto';
import type { DeviceAddress } from '@restante/protocol';
import { createTokenSigner, type BlobRight } from '@restante/service-kit';

/** A master's keys, and bearer headers with its tokens. Tokens live for an hour unless told otherwise. `now`: the master's clock. */
export const newTestKeys = (now: () => number = Date.now) => {
  const pair = generateKeyPairSync('ed25519');
  const privatePem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signer = createTokenSigner(privatePem, now);
  const inAnHour = (): number => now() + 3_600_000;
  const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });
  return {
    publicPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privatePem,
    signer,
    asMaster: async (expiresAtMs = inAnHour()) => bearer(await signer.master(expiresAtMs)),
    asDevice: async (
      device: DeviceAddress,
      audience: 'master' | 'mailbox' = 'mailbox',
      expiresAtMs = inAnHour(),
    ) => bearer(await signer.device(device, audience, expiresAtMs)),
    asTicket: async (right: BlobRight, expiresAtMs = inAnHour()) =>
      bearer(await signer.blob(right, expiresAtMs)),
  };
};

export type TestKeys = ReturnType<typeof newTestKeys>;
