import { expect, test } from 'vitest';
import { fromHex, loadVectors, toHex } from '../testing/vectors.model.ts';
import {
  epochSecretOf,
  initAuthenticator,
  macOfCiphertext,
  macOfHeader,
  updateAuthenticator,
} from './authenticator.ts';

const vectors = loadVectors('spqr') as {
  authKey: string;
  authenticator: { root: string; mac: string }[];
  header: string;
  headerMac: string;
  ct1: string;
  ct2: string;
  ciphertextMac: string;
  sharedSecret: string;
  epochSecret: string;
};

test('the vector: the header’s MAC before the secret of its epoch, the ciphertext’s after it', () => {
  const first = initAuthenticator(fromHex(vectors.authKey));
  expect({ root: toHex(first.root), mac: toHex(first.mac) }).toEqual(vectors.authenticator[0]);
  expect(toHex(macOfHeader(first, 1, fromHex(vectors.header)))).toBe(vectors.headerMac);

  const secret = epochSecretOf(1, fromHex(vectors.sharedSecret));
  expect(toHex(secret)).toBe(vectors.epochSecret);
  const second = updateAuthenticator(first, 1, secret);
  expect({ root: toHex(second.root), mac: toHex(second.mac) }).toEqual(vectors.authenticator[1]);
  expect(toHex(macOfCiphertext(second, 1, fromHex(vectors.ct1 + vectors.ct2)))).toBe(vectors.ciphertextMac);
});

test('everything depends on the epoch', () => {
  const authenticator = initAuthenticator(new Uint8Array(32));
  const bytes = new Uint8Array(64);
  for (const made of [
    (epoch: number) => macOfHeader(authenticator, epoch, bytes),
    (epoch: number) => macOfCiphertext(authenticator, epoch, bytes),
    (epoch: number) => epochSecretOf(epoch, bytes),
    (epoch: number) => updateAuthenticator(authenticator, epoch, bytes).mac,
  ]) {
    expect(new Set([1, 2, 0x1_0000_0001, 0x1_0000_0002].map((epoch) => toHex(made(epoch)))).size).toBe(4);
  }
});
