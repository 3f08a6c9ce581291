import { beforeEach, expect, test, vi } from 'vitest';
import { toHex } from '../testing/vectors.model.ts';
import { loadTranscript, replay } from './transcript.model.ts';

/** Every secret on the way, compared with those of the official package's conversation. */

type Derivation = {
  readonly label: string;
  readonly salt: string;
  readonly input: string;
  readonly output: string;
};

const derivations = vi.hoisted((): Derivation[] => []);

vi.mock(import('../kdf.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    hkdf: (salt, input, info, length) => {
      const label = new TextDecoder().decode(info);
      const secrets = { salt: salt === null ? '' : toHex(salt), input: toHex(input) };
      const output = original.hkdf(salt, input, info, length);
      derivations.push({ label, ...secrets, output: toHex(output) });
      return output;
    },
  };
});

beforeEach(() => {
  derivations.length = 0;
});

/** Hex of so many bytes each; what is left is not looked at. */
const split = (hex: string, ...lengths: readonly number[]): string[] => {
  let offset = 0;
  return lengths.map((length) => hex.slice(offset, (offset += 2 * length)));
};

const traceOf = (derived: readonly Derivation[]): Record<string, unknown> => {
  const of = (label: string): Derivation[] => derived.filter((derivation) => derivation.label === label);
  const trace: Record<string, unknown> = {};
  for (const { input, output } of of('WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024')) {
    const [prefix, ...secrets] = split(input, ...new Array<number>(input.length / 64).fill(32));
    expect(prefix).toBe('ff'.repeat(32));
    for (const [index, secret] of secrets.entries()) trace[`handshakeSecret${index}`] = secret;
    const [rootKey, chainKey, pqrKey] = split(output, 32, 32, 32);
    Object.assign(trace, { rootKey, chainKey, pqrKey });
  }
  const rootSteps = of('WhisperRatchet').map(({ salt, input, output }) => {
    const [newRootKey, newChainKey] = split(output, 32, 32);
    return { rootKey: salt, dh: input, newRootKey, newChainKey };
  });
  if (rootSteps.length > 0) Object.assign(trace, { rootSteps });
  for (const { salt, input, output } of of('WhisperMessageKeys')) {
    const [cipherKey, macKey, iv] = split(output, 32, 32, 16);
    Object.assign(trace, { messageKeySeed: input, spqrKey: salt, cipherKey, macKey, iv });
  }
  return trace;
};

test.each([['alice'], ['bob']] as const)('all secrets of %s in transcript basic', (name) => {
  let compared = 0;
  replay(loadTranscript('basic'), [name], ({ trace, after }, { current }) => {
    expect(traceOf(derivations)).toEqual(trace);
    expect({
      spqrState: current!.spqr.braid.kind,
      spqrEpoch: current!.spqr.braid.epoch,
      spqrChainEpoch: current!.spqr.chains.currentEpoch,
      spqrSendEpoch: current!.spqr.chains.sendEpoch,
      rootKey: toHex(current!.ratchet.rootKey),
    }).toEqual(after);
    derivations.length = 0;
    compared += 1;
  });
  expect(compared).toBeGreaterThan(30);
});
