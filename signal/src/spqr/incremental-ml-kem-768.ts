import { sha3_256, sha3_512 } from '@noble/hashes/sha3.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { concat, equalBytes, wipe } from '../bytes.ts';
import {
  add,
  addProduct,
  compress,
  inverseNtt,
  K,
  N,
  ntt,
  polynomialOfBits,
  Q,
  sampleSmall,
  sampleUniform,
  wipePolynomials,
  type Polynomial,
  type Vector,
} from './ml-kem-768-ring.ts';

/**
 * ML-KEM-768 (FIPS 203) with the encapsulation in two steps, as the ML-KEM Braid sends it: the first needs only the
 * header ρ ‖ SHA3-256(ek) of the encapsulation key ek = t̂ ‖ ρ and makes c1 (u) and the shared secret; the second needs
 * t̂ and makes c2 (v). c1 ‖ c2 is an ordinary ciphertext.
 */

export const SEED_BYTES = 64;
export const HEADER_BYTES = 64;
/** t̂ alone. */
export const ENCAPSULATION_KEY_BYTES = 1152;
export const CIPHERTEXT_1_BYTES = 960;
export const CIPHERTEXT_2_BYTES = 128;
/** Encapsulation randomness r ‖ message m. */
export const ENCAPSULATION_SECRET_BYTES = 64;
export const MESSAGE_BYTES = 32;
const RHO_BYTES = 32;
const U_BITS = 10;
const V_BITS = 4;
const ROWS = [0, 1, 2] as const;

const at = (values: Int16Array | Uint8Array, index: number): number => values[index] ?? 0;

export type FirstStep = {
  readonly ciphertext1: Uint8Array;
  readonly sharedSecret: Uint8Array;
  /** Input of the second step. */
  readonly secret: Uint8Array;
};

/** The public half of the key pair of a seed d ‖ z. */
export const publicKeyOf = (
  seed: Uint8Array,
): { readonly header: Uint8Array; readonly encapsulationKey: Uint8Array } => {
  const { publicKey, secretKey } = ml_kem768.keygen(seed);
  wipe(secretKey);
  return {
    header: concat(publicKey.subarray(ENCAPSULATION_KEY_BYTES), sha3_256(publicKey)),
    encapsulationKey: publicKey.slice(0, ENCAPSULATION_KEY_BYTES),
  };
};

/** The shared secret (32 bytes); of a wrong ciphertext a random-looking one (implicit rejection). */
export const decapsulate = (seed: Uint8Array, ciphertext: Uint8Array): Uint8Array => {
  const { secretKey } = ml_kem768.keygen(seed);
  const sharedSecret = ml_kem768.decapsulate(ciphertext, secretKey);
  wipe(secretKey);
  return sharedSecret;
};

/** ByteEncode_12 (FIPS 203, algorithm 6) read back; every coefficient below 2^12. */
const decode12 = (bytes: Uint8Array): Polynomial => {
  const f = new Int16Array(N);
  for (let pair = 0; pair < N / 2; pair += 1) {
    const middle = at(bytes, 3 * pair + 1);
    f[2 * pair] = at(bytes, 3 * pair) | ((middle & 0x0f) << 8);
    f[2 * pair + 1] = (middle >> 4) | (at(bytes, 3 * pair + 2) << 4);
  }
  return f;
};

const decodeVector = (bytes: Uint8Array): Vector => {
  const size = bytes.length / K;
  return ROWS.map((row) => decode12(bytes.subarray(row * size, (row + 1) * size)));
};

/** Is it the t̂ that the header was made of, with every coefficient below q? */
export const matchesHeader = (encapsulationKey: Uint8Array, header: Uint8Array): boolean =>
  equalBytes(sha3_256(concat(encapsulationKey, header.subarray(0, RHO_BYTES))), header.subarray(RHO_BYTES)) &&
  decodeVector(encapsulationKey).every((f) => f.every((coefficient) => coefficient < Q));

/** Coefficients of 10 bits, the lowest first: 4 in 5 bytes. */
const encodeU = (u: Polynomial): Uint8Array => {
  const bytes = new Uint8Array((N * U_BITS) / 8);
  for (let group = 0; group < N / 4; group += 1) {
    const a = compress(at(u, 4 * group), U_BITS);
    const b = compress(at(u, 4 * group + 1), U_BITS);
    const c = compress(at(u, 4 * group + 2), U_BITS);
    const d = compress(at(u, 4 * group + 3), U_BITS);
    bytes.set([a, (a >> 8) | (b << 2), (b >> 6) | (c << 4), (c >> 4) | (d << 6), d >> 2], 5 * group);
  }
  return bytes;
};

/** Coefficients of 4 bits, the lowest first. */
const encodeV = (v: Polynomial): Uint8Array => {
  const bytes = new Uint8Array((N * V_BITS) / 8);
  for (let pair = 0; pair < N / 2; pair += 1) {
    bytes[pair] = compress(at(v, 2 * pair), V_BITS) | (compress(at(v, 2 * pair + 1), V_BITS) << V_BITS);
  }
  return bytes;
};

/** NTT⁻¹(Σ f_j ∘ g_j) */
const innerProduct = (f: Vector, g: Vector): Polynomial => {
  const sum = new Int16Array(N);
  f.forEach((factor, index) => addProduct(sum, factor, g[index] ?? sum));
  return inverseNtt(sum);
};

/** NTT(y) */
const secretVector = (randomness: Uint8Array): Vector => ROWS.map((row) => ntt(sampleSmall(randomness, row)));

/**
 * The first step: c1, the shared secret (32 bytes), and what the second step needs.
 *
 * @param header 64 bytes
 * @param message 32 fresh random bytes
 */
export const encapsulateFirst = (header: Uint8Array, message: Uint8Array): FirstStep => {
  const rho = header.subarray(0, RHO_BYTES);
  const hash = sha3_512(concat(message, header.subarray(RHO_BYTES)));
  const randomness = hash.subarray(32);
  const y = secretVector(randomness);
  const ciphertext1 = concat(
    ...ROWS.map((row) => {
      const matrixRow = ROWS.map((column) => sampleUniform(rho, row, column));
      const u = innerProduct(matrixRow, y);
      add(u, sampleSmall(randomness, K + row));
      return encodeU(u);
    }),
  );
  const step = { ciphertext1, sharedSecret: hash.slice(0, 32), secret: concat(randomness, message) };
  wipe(hash);
  wipePolynomials(y);
  return step;
};

/** The second step: c2. `secret` is the first one's. */
export const encapsulateSecond = (encapsulationKey: Uint8Array, secret: Uint8Array): Uint8Array => {
  const randomness = secret.subarray(0, 32);
  const y = secretVector(randomness);
  const v = innerProduct(decodeVector(encapsulationKey), y);
  add(v, sampleSmall(randomness, 2 * K));
  add(v, polynomialOfBits(secret.subarray(32)));
  const ciphertext2 = encodeV(v);
  wipePolynomials([...y, v]);
  return ciphertext2;
};
