import type { Ratchet } from '../../index.ts';
import { pad, unpad } from '../../content/padding.ts';
import { libsignalRatchet } from '../libsignal-ratchet.ts';

/** A ratchet of somebody who sends other contents than their messenger wants to. */
export const forgingRatchet = (forge: (content: Record<string, unknown>) => unknown): Ratchet => {
  const ratchet = libsignalRatchet();
  return {
    ...ratchet,
    encrypt: (parties, session, plaintext, nowMs) => {
      const content = JSON.parse(new TextDecoder().decode(unpad(plaintext) ?? undefined)) as Record<
        string,
        unknown
      >;
      const forged = pad(new TextEncoder().encode(JSON.stringify(forge(content))));
      return ratchet.encrypt(parties, session, forged, nowMs);
    },
  };
};
