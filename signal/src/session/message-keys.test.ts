import { expect, test } from 'vitest';
import { decryptCbc, encryptCbc } from '../aes-cbc.ts';
import { fromHex, loadVectors, toHex } from '../testing/vectors.model.ts';
import { messageKeys, nextChainKey, seedOf } from './message-keys.ts';

type Step = Record<
  'seed' | 'cipherKey' | 'macKey' | 'iv' | 'nextChainKey' | 'plaintext' | 'ciphertext',
  string
> & {
  spqrKey: string | null;
};

const { chain } = loadVectors('kdf') as { chain: { chainKey: string; steps: Step[] } };

test('a chain of the official package, with its bodies', () => {
  let chainKey = fromHex(chain.chainKey);
  for (const step of chain.steps) {
    const seed = seedOf(chainKey);
    expect(toHex(seed)).toBe(step.seed);
    const { cipherKey, macKey, iv } = messageKeys(seed, step.spqrKey === null ? null : fromHex(step.spqrKey));
    expect([cipherKey, macKey, iv].map(toHex)).toEqual([step.cipherKey, step.macKey, step.iv]);
    expect(toHex(encryptCbc(cipherKey, iv, fromHex(step.plaintext)))).toBe(step.ciphertext);
    expect(toHex(decryptCbc(cipherKey, iv, fromHex(step.ciphertext)))).toBe(step.plaintext);
    chainKey = nextChainKey(chainKey);
    expect(toHex(chainKey)).toBe(step.nextChainKey);
  }
  expect(chain.steps.some(({ spqrKey }) => spqrKey === null)).toBe(true);
  expect(chain.steps.some(({ spqrKey }) => spqrKey !== null)).toBe(true);
});
