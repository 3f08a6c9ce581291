import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import * as z from 'zod/mini';
import type { AccountId } from './ids.ts';

/**
 * How a server knows whom an account lets in, and keeps nothing of it: the account has an access key, which a master makes of its own
 * secret and gives to the account's devices alone; who is let in gets a token inside the ciphertext, which is made of that key for them
 * alone. A master makes both again when it is asked to believe a token.
 */

/** 32 bytes, base64url. */
export const accessKey = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/, 'not an access key'));
/** 16 bytes, base64url. */
export const accessToken = z.string().check(z.regex(/^[A-Za-z0-9_-]{22}$/, 'not an access token'));

const TOKEN_BYTES = 16;

/** The token with which `sender` writes to the account whose key this is: the first 16 bytes of HMAC-SHA256(key, "restante access 1\n" sender). */
export const accessTokenBytes = (key: Uint8Array, sender: AccountId): Uint8Array =>
  hmac(sha256, key, utf8ToBytes(`restante access 1\n${sender}`)).slice(0, TOKEN_BYTES);
