import { equalBytes } from '../bytes.ts';
import { keyPairOf } from '../curve.ts';
import type { MessageChain } from '../session/receiving-chain.ts';

/** Sender keys: one chain by which a device encrypts for a whole group, and which it gives to every member. */

/** 32 bytes. The public key follows from it. */
export type OwnSigningKey = { readonly isOwn: true; readonly privateKey: Uint8Array };

/** Of the messages of one chain. The public key of another sender is 33 bytes. */
export type SigningKey = OwnSigningKey | { readonly isOwn: false; readonly publicKey: Uint8Array };

export type SenderKeyState = {
  readonly chainId: number;
  readonly signingKey: SigningKey;
  readonly chain: MessageChain;
};

/** What is known of one sender's keys for one distribution id. Never without a state; the newest is the first. */
export type SenderKeyRecord = {
  /** 16 bytes of a UUID. */
  readonly distributionId: Uint8Array;
  readonly states: readonly SenderKeyState[];
};

export const DISTRIBUTION_ID_BYTES = 16;

/** The oldest beyond these is forgotten, and its messages are refused. */
export const MAX_STATES = 5;

export const publicSigningKey = ({ signingKey }: SenderKeyState): Uint8Array =>
  signingKey.isOwn ? keyPairOf(signingKey.privateKey).publicKey : signingKey.publicKey;

/**
 * The states with `added` in front. A state with its chain id and signing key stays as far as it has come, so that no
 * message can be read twice; one with another signing key is replaced.
 */
export const addState = (
  states: readonly SenderKeyState[],
  added: SenderKeyState,
): readonly SenderKeyState[] => {
  const known = states.find(({ chainId }) => chainId === added.chainId);
  const isSame = known !== undefined && equalBytes(publicSigningKey(known), publicSigningKey(added));
  const others = states.filter((state) => state !== known);
  return [isSame ? known : added, ...others].slice(0, MAX_STATES);
};
