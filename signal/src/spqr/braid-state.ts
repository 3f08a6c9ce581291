import { initAuthenticator, MAC_BYTES, type Authenticator } from './authenticator.ts';
import type { Decoder, Encoder } from './erasure-code.ts';
import { CIPHERTEXT_2_BYTES, HEADER_BYTES } from './incremental-ml-kem-768.ts';

/**
 * The ML-KEM Braid (signal.org/docs/specifications/mlkembraid): one ML-KEM-768 exchange after the other, cut into
 * chunks that travel with the messages. In each epoch one side owns the key pair and the other encapsulates to it; in
 * the next they swap.
 *
 *   owner:         KeysUnsampled → KeysSampled → HeaderSent → Ct1Received → EkSentCt1Received → NoHeaderReceived
 *   encapsulator:  NoHeaderReceived → HeaderReceived → Ct1Sampled → EkReceivedCt1Sampled or Ct1Acknowledged (or
 *                  neither) → Ct2Sampled → KeysUnsampled
 *
 * `encapsulationKey` is t̂, `seed` the 64 bytes of the owner's key pair, `encapsulation` the 64 bytes that the second
 * step of the encapsulation needs.
 */

export const SIGNED_HEADER_BYTES = HEADER_BYTES + MAC_BYTES;
export const SIGNED_CIPHERTEXT_2_BYTES = CIPHERTEXT_2_BYTES + MAC_BYTES;

type In<Kind extends string, Held = object> = {
  readonly kind: Kind;
  /** From 1. */
  readonly epoch: number;
  readonly authenticator: Authenticator;
} & Readonly<Held>;

export type KeysUnsampled = In<'KeysUnsampled'>;
/** `header` sends the header and its MAC. */
export type KeysSampled = In<'KeysSampled', { seed: Uint8Array; header: Encoder }>;
export type HeaderSent = In<
  'HeaderSent',
  { seed: Uint8Array; encapsulationKey: Encoder; ciphertext1: Decoder }
>;
export type Ct1Received = In<
  'Ct1Received',
  { seed: Uint8Array; encapsulationKey: Encoder; ciphertext1: Uint8Array }
>;
/** `ciphertext2` receives c2 and its MAC. */
export type EkSentCt1Received = In<
  'EkSentCt1Received',
  { seed: Uint8Array; ciphertext1: Uint8Array; ciphertext2: Decoder }
>;

export type NoHeaderReceived = In<'NoHeaderReceived', { header: Decoder }>;
export type HeaderReceived = In<'HeaderReceived', { header: Uint8Array }>;
export type Ct1Sampled = In<
  'Ct1Sampled',
  { header: Uint8Array; encapsulation: Uint8Array; ciphertext1: Encoder; encapsulationKey: Decoder }
>;
export type EkReceivedCt1Sampled = In<
  'EkReceivedCt1Sampled',
  { encapsulation: Uint8Array; ciphertext1: Encoder; encapsulationKey: Uint8Array }
>;
export type Ct1Acknowledged = In<
  'Ct1Acknowledged',
  { header: Uint8Array; encapsulation: Uint8Array; ciphertext1: Uint8Array; encapsulationKey: Decoder }
>;
/** `ciphertext2` sends c2 and its MAC. */
export type Ct2Sampled = In<'Ct2Sampled', { ciphertext2: Encoder }>;

export type BraidState =
  | KeysUnsampled
  | KeysSampled
  | HeaderSent
  | Ct1Received
  | EkSentCt1Received
  | NoHeaderReceived
  | HeaderReceived
  | Ct1Sampled
  | EkReceivedCt1Sampled
  | Ct1Acknowledged
  | Ct2Sampled;

/** The secret of an epoch (32 bytes), at the one moment when a side knows it. */
export type EpochSecret = { readonly epoch: number; readonly secret: Uint8Array };

/** The initiator of the handshake owns the first key pair. */
export const initBraid = (pqrKey: Uint8Array, ownsFirstKey: boolean): BraidState => {
  const start = { epoch: 1, authenticator: initAuthenticator(pqrKey) };
  return ownsFirstKey
    ? { kind: 'KeysUnsampled', ...start }
    : { kind: 'NoHeaderReceived', ...start, header: [] };
};
