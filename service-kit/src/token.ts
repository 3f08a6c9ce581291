import { createHash } from 'node:crypto';
import { errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { LRUCache } from 'lru-cache';
import {
  AUDIENCES,
  blobClaims,
  deviceClaims,
  grantClaims,
  LIMITS,
  type BlobId,
  type DeviceAddress,
} from '@restante/protocol';
import { readPrivateKey, readPublicKey } from './ed25519-key.ts';
import { ServiceError } from './service-error.ts';

/**
 * Tokens: JWTs signed with Ed25519 (RFC 8037) by a master. Mailbox nodes check them with the public key alone, so
 * that mail is fetched when every master is down. Whoever signs and whoever checks may have clocks that are apart by
 * `LIMITS.clockSkewMs`, either way: a token is good that much longer than it says, and not good that much before it was issued.
 */

const ALGORITHM = 'EdDSA';
const ISSUER = 'restante';
const MASTER_SUBJECT = 'master';

/** Whom a token speaks for, and what else it says: see `deviceClaims`. Null: nothing. */
export type TokenDevice = DeviceAddress & {
  readonly generation: number | null;
  readonly cells: readonly string[] | null;
};

/** What a ticket allows: to write the parts of a blob of so many bytes, or, with null, to read them. */
export type BlobRight = { readonly blob: BlobId; readonly bytes: number | null };

/** By a device of an account, for the one device with this key; of a generation of the password. */
export type DeviceGrantRight = {
  readonly by: DeviceAddress;
  readonly identityKey: string;
  readonly generation: number;
};

export type TokenVerifier = {
  /**
   * The device that a token speaks for.
   *
   * @throws ServiceError `unauthorized` or `token-expired`
   */
  readonly device: (token: string, audience: 'master' | 'mailbox') => Promise<TokenDevice>;
  /** Passes when the token is a master's right to write. */
  readonly master: (token: string) => Promise<void>;
  readonly blob: (ticket: string) => Promise<BlobRight>;
  readonly grant: (token: string) => Promise<DeviceGrantRight>;
};

export type TokenSigner = {
  readonly device: (
    device: DeviceAddress,
    audience: 'master' | 'mailbox',
    expiresAtMs: number,
    generation?: number,
    cells?: readonly string[],
  ) => Promise<string>;
  readonly master: (expiresAtMs: number) => Promise<string>;
  readonly blob: (right: BlobRight, expiresAtMs: number) => Promise<string>;
  readonly grant: (right: DeviceGrantRight, expiresAtMs: number) => Promise<string>;
};

const MAX_REMEMBERED = 10_000;

/** What is kept of a valid token. Null: its claims are not those of a device, of a ticket, or of a grant. */
type Known = {
  readonly expiresAtMs: number;
  readonly device: TokenDevice | null;
  readonly right: BlobRight | null;
  readonly grant: DeviceGrantRight | null;
};

/** A token with its audience, in 44 characters: many are kept, for as long as they are in use. */
const nameOf = (token: string, audience: string): string =>
  createHash('sha256').update(`${audience} ${token}`).digest('base64');

const deviceOf = (payload: JWTPayload): TokenDevice | null => {
  const claims = deviceClaims.safeParse(payload);
  if (!claims.success) return null;
  const { sub, device, generation = null, cells = null } = claims.data;
  return { accountId: sub, deviceId: device, generation, cells };
};

const rightOf = (payload: JWTPayload): BlobRight | null => {
  const claims = blobClaims.safeParse(payload);
  return claims.success ? { blob: claims.data.sub, bytes: claims.data.bytes ?? null } : null;
};

const grantOf = (payload: JWTPayload): DeviceGrantRight | null => {
  const claims = grantClaims.safeParse(payload);
  if (!claims.success) return null;
  const { sub: accountId, by: deviceId, identityKey, generation } = claims.data;
  return { by: { accountId, deviceId }, identityKey, generation };
};

/** Of a master whose clock was far ahead: a fresh token is what helps, as for one that has expired. */
const notYet = (): ServiceError => new ServiceError('token-expired', 'the token is of a time to come');

const invalid = (): ServiceError => new ServiceError('unauthorized', 'the token is not valid here');

/** `publicKeyPem`: SPKI PEM; line breaks may be written as `\n`. A token's signature is checked once while it is in use. */
export const createTokenVerifier = (publicKeyPem: string, now: () => number = Date.now): TokenVerifier => {
  const key = readPublicKey('TOKEN_PUBLIC_KEY', publicKeyPem);
  /** Of tokens that were found valid, by {@link nameOf}. */
  const remembered = new LRUCache<string, Known>({ max: MAX_REMEMBERED });

  const verify = async (token: string, audience: string): Promise<Known> => {
    const name = nameOf(token, audience);
    const known = remembered.get(name);
    if (known !== undefined && known.expiresAtMs + LIMITS.clockSkewMs > now()) return known;
    remembered.delete(name);
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience,
        requiredClaims: ['exp'],
        currentDate: new Date(now()),
        clockTolerance: LIMITS.clockSkewMs / 1000,
      });
      if ((payload.iat ?? 0) * 1000 > now() + LIMITS.clockSkewMs) throw notYet();
      const expiresAtMs = (payload.exp ?? 0) * 1000;
      const found = {
        ...{ expiresAtMs, device: deviceOf(payload), right: rightOf(payload), grant: grantOf(payload) },
      };
      remembered.set(name, found);
      return found;
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      if (error instanceof errors.JWTExpired)
        throw new ServiceError('token-expired', 'the token has expired');
      throw invalid();
    }
  };
  return {
    device: async (token, audience) => {
      const { device } = await verify(token, AUDIENCES[audience]);
      if (device === null) throw invalid();
      return device;
    },
    blob: async (ticket) => {
      const { right } = await verify(ticket, AUDIENCES.blob);
      if (right === null) throw invalid();
      return right;
    },
    grant: async (token) => {
      const { grant } = await verify(token, AUDIENCES.grant);
      if (grant === null) throw invalid();
      return grant;
    },
    master: async (token) => {
      await verify(token, AUDIENCES.store);
    },
  };
};

/** `privateKeyPem`: PKCS #8 PEM; line breaks may be written as `\n`. */
export const createTokenSigner = (privateKeyPem: string, now: () => number = Date.now): TokenSigner => {
  const key = readPrivateKey('TOKEN_PRIVATE_KEY', privateKeyPem);
  const sign = (subject: string, audience: string, expiresAtMs: number, claims: JWTPayload) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM })
      .setIssuer(ISSUER)
      .setSubject(subject)
      .setAudience(audience)
      .setIssuedAt(Math.floor(now() / 1000))
      .setExpirationTime(Math.floor(expiresAtMs / 1000))
      .sign(key);
  return {
    device: ({ accountId, deviceId }, audience, expiresAtMs, generation, cells) =>
      sign(accountId, AUDIENCES[audience], expiresAtMs, {
        device: deviceId,
        ...(generation !== undefined && { generation }),
        ...(cells !== undefined && { cells }),
      }),
    master: (expiresAtMs) => sign(MASTER_SUBJECT, AUDIENCES.store, expiresAtMs, {}),
    blob: ({ blob, bytes }, expiresAtMs) =>
      sign(blob, AUDIENCES.blob, expiresAtMs, { ...(bytes !== null && { bytes }) }),
    grant: ({ by, identityKey, generation }, expiresAtMs) =>
      sign(by.accountId, AUDIENCES.grant, expiresAtMs, { by: by.deviceId, identityKey, generation }),
  };
};
