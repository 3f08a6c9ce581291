import { generateKeyPairSync } from 'node:crypto';
import { LIMITS } from '@restante/protocol';
import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { ConfigError } from './config.ts';
import { createTokenSigner, createTokenVerifier, type TokenVerifier } from './token.ts';

const newKeys = () => {
  const pair = generateKeyPairSync('ed25519');
  return {
    publicPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privatePem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    privateKey: pair.privateKey,
  };
};

const keys = newKeys();
const device = { accountId: '0b7e5b7a-3f0e-4c56-9d5e-1f6f3a0a1c11', deviceId: 3 };
const inAnHour = Date.now() + 3_600_000;

describe('tokens', () => {
  it('speak for their device to their audience', async () => {
    const signer = createTokenSigner(keys.privatePem);
    const verifier = createTokenVerifier(keys.publicPem);
    expect(await verifier.device(await signer.device(device, 'mailbox', inAnHour), 'mailbox')).toEqual({
      ...device,
      generation: null,
      cells: null,
    });
    const later = await signer.device(device, 'master', inAnHour, 2, ['east', 'west']);
    expect(await verifier.device(later, 'master')).toEqual({
      ...device,
      generation: 2,
      cells: ['east', 'west'],
    });
    await verifier.master(await signer.master(inAnHour));
  });

  it('are refused by every other audience', async () => {
    const signer = createTokenSigner(keys.privatePem);
    const verifier = createTokenVerifier(keys.publicPem);
    const mailbox = await signer.device(device, 'mailbox', inAnHour);
    const store = await signer.master(inAnHour);
    const unauthorized = { code: 'unauthorized' };
    await verifier.device(mailbox, 'mailbox');
    await expect(verifier.device(mailbox, 'master')).rejects.toMatchObject(unauthorized);
    await expect(verifier.master(mailbox)).rejects.toMatchObject(unauthorized);
    await expect(verifier.device(store, 'mailbox')).rejects.toMatchObject(unauthorized);
  });

  it('let one device be added: nobody takes a grant for a token of a device, or the other way round', async () => {
    const signer = createTokenSigner(keys.privatePem);
    const verifier = createTokenVerifier(keys.publicPem);
    const right = { by: device, identityKey: 'A'.repeat(44), generation: 2 };
    const grant = await signer.grant(right, inAnHour);
    expect(await verifier.grant(grant)).toEqual(right);
    const unauthorized = { code: 'unauthorized' };
    await expect(verifier.device(grant, 'master')).rejects.toMatchObject(unauthorized);
    const master = await signer.device(device, 'master', inAnHour, 2);
    await expect(verifier.grant(master)).rejects.toMatchObject(unauthorized);
  });

  it('expire, also one that was seen before', async () => {
    let now = Date.now();
    const signer = createTokenSigner(keys.privatePem);
    const verifier = createTokenVerifier(keys.publicPem, () => now);
    const token = await signer.device(device, 'mailbox', now + 60_000);
    await verifier.device(token, 'mailbox');
    now += 61_000 + LIMITS.clockSkewMs;
    await expect(verifier.device(token, 'mailbox')).rejects.toMatchObject({ code: 'token-expired' });
  });

  it('are good while clocks are apart by what message ids may be, either way, and no further', async () => {
    const signedAt = 1_800_000_000_000;
    const signer = createTokenSigner(keys.privatePem, () => signedAt);
    const ttl = 60_000;
    const at = (time: number) => createTokenVerifier(keys.publicPem, () => time);
    const tokens = async (): Promise<[string, (verifier: TokenVerifier, token: string) => unknown][]> => [
      [await signer.device(device, 'mailbox', signedAt + ttl), (one, token) => one.device(token, 'mailbox')],
      [await signer.device(device, 'master', signedAt + ttl), (one, token) => one.device(token, 'master')],
      [await signer.master(signedAt + ttl), (one, token) => one.master(token)],
    ];
    for (const [token, check] of await tokens()) {
      for (const time of [signedAt - LIMITS.clockSkewMs, signedAt + ttl + LIMITS.clockSkewMs - 1_000]) {
        const verifier = at(time);
        await check(verifier, token);
        await check(verifier, token);
      }
      for (const time of [signedAt - LIMITS.clockSkewMs - 1_000, signedAt + ttl + LIMITS.clockSkewMs]) {
        await expect(check(at(time), token)).rejects.toMatchObject({ code: 'token-expired' });
      }
    }
  });

  it('are refused when forged', async () => {
    const verifier = createTokenVerifier(keys.publicPem);
    const token = await createTokenSigner(keys.privatePem).device(device, 'mailbox', inAnHour);
    const [header, claims, signature] = token.split('.') as [string, string, string];
    const other = Buffer.from(JSON.stringify({ ...device, sub: device.accountId, device: 4 })).toString(
      'base64url',
    );
    const claim = { device: 3 };
    const noExpiry = await new SignJWT(claim)
      .setProtectedHeader({ alg: 'EdDSA' })
      .setIssuer('restante')
      .setAudience('mailbox')
      .setSubject(device.accountId)
      .sign(keys.privateKey);
    const hmac = await new SignJWT(claim)
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('restante')
      .setAudience('mailbox')
      .setSubject(device.accountId)
      .setExpirationTime('1h')
      .sign(Buffer.from(keys.publicPem));
    const unsigned = new UnsecuredJWT(claim)
      .setIssuer('restante')
      .setAudience('mailbox')
      .setSubject(device.accountId)
      .setExpirationTime('1h')
      .encode();
    const forged = [
      `${header}.${other}.${signature}`,
      `${header}.${claims}.${'A'.repeat(signature.length)}`,
      await createTokenSigner(newKeys().privatePem).device(device, 'mailbox', inAnHour),
      noExpiry,
      hmac,
      unsigned,
      'a.b.c',
      '',
    ];
    for (const text of forged) {
      await expect(verifier.device(text, 'mailbox'), text).rejects.toMatchObject({ code: 'unauthorized' });
    }
  });

  it('need an Ed25519 key, and no error quotes it', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
      type: 'spki',
      format: 'pem',
    });
    for (const pem of ['nonsense', rsa.toString()]) {
      expect(() => createTokenVerifier(pem)).toThrow(ConfigError);
      expect(() => createTokenVerifier(pem)).not.toThrow(pem);
    }
    expect(() => createTokenSigner('nonsense')).toThrow('TOKEN_PRIVATE_KEY');
  });

  it('take keys whose line breaks are written out', async () => {
    const signer = createTokenSigner(keys.privatePem.replaceAll('\n', '\\n'));
    const verifier = createTokenVerifier(keys.publicPem.replaceAll('\n', '\\n'));
    await verifier.master(await signer.master(inAnHour));
  });
});
