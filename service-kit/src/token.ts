import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { AUDIENCES, deviceClaims, type DeviceAddress } from '@restante/protocol';
import { ConfigError } from './config.ts';
import { ServiceError } from './service-error.ts';

/**
 * Tokens: JWTs signed with Ed25519 (RFC 8037) by a master. Mailbox nodes check them with the public key alone, so
 * that mail is fetched when every master is down.
 */

const ALGORITHM = 'EdDSA';
const ISSUER = 'restante';
const MASTER_SUBJECT = 'master';

export type TokenVerifier = {
  /**
   * The device that a token speaks for.
   *
   * @throws ServiceError `unauthorized` or `token-expired`
   */
  readonly device: (token: string, audience: 'master' | 'mailbox') => Promise<DeviceAddress>;
  /** Passes when the token is a master's right to write. */
  readonly master: (token: string) => Promise<void>;
};

export type TokenSigner = {
  readonly device: (
    device: DeviceAddress,
    audience: 'master' | 'mailbox',
    expiresAtMs: number,
  ) => Promise<string>;
  readonly master: (expiresAtMs: number) => Promise<string>;
};

const readKey = (name: string, pem: string, read: (pem: string) => KeyObject): KeyObject => {
  try {
    const key = read(pem.replaceAll('\\n', '\n'));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Reported below: the reason could quote the key.
  }
  throw new ConfigError(`${name} is not an Ed25519 key in PEM form`);
};

const MAX_REMEMBERED = 10_000;

/** `publicKeyPem`: SPKI PEM; line breaks may be written as `\n`. A token's signature is checked once while it is in use. */
export const createTokenVerifier = (publicKeyPem: string, now: () => number = Date.now): TokenVerifier => {
  const key = readKey('TOKEN_PUBLIC_KEY', publicKeyPem, createPublicKey);
  /** Claims of tokens that were found valid, by audience and token, oldest first. */
  const remembered = new Map<string, JWTPayload & { readonly exp: number }>();

  const verify = async (token: string, audience: string): Promise<unknown> => {
    const name = `${audience} ${token}`;
    const known = remembered.get(name);
    if (known !== undefined && known.exp * 1000 > now()) return known;
    remembered.delete(name);
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience,
        requiredClaims: ['exp'],
        currentDate: new Date(now()),
      });
      const [oldest] = remembered.keys();
      if (oldest !== undefined && remembered.size >= MAX_REMEMBERED) remembered.delete(oldest);
      remembered.set(name, { ...payload, exp: payload.exp ?? 0 });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired)
        throw new ServiceError('token-expired', 'the token has expired');
      throw new ServiceError('unauthorized', 'the token is not valid here');
    }
  };
  return {
    device: async (token, audience) => {
      const claims = deviceClaims.safeParse(await verify(token, AUDIENCES[audience]));
      if (!claims.success) throw new ServiceError('unauthorized', 'the token is not valid here');
      return { accountId: claims.data.sub, deviceId: claims.data.device };
    },
    master: async (token) => {
      await verify(token, AUDIENCES.store);
    },
  };
};

/** `privateKeyPem`: PKCS #8 PEM; line breaks may be written as `\n`. */
export const createTokenSigner = (privateKeyPem: string): TokenSigner => {
  const key = readKey('TOKEN_PRIVATE_KEY', privateKeyPem, createPrivateKey);
  const sign = (subject: string, audience: string, expiresAtMs: number, claims: Record<string, number>) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM })
      .setIssuer(ISSUER)
      .setSubject(subject)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(Math.floor(expiresAtMs / 1000))
      .sign(key);
  return {
    device: ({ accountId, deviceId }, audience, expiresAtMs) =>
      sign(accountId, AUDIENCES[audience], expiresAtMs, { device: deviceId }),
    master: (expiresAtMs) => sign(MASTER_SUBJECT, AUDIENCES.store, expiresAtMs, {}),
  };
};
