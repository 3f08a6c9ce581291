import { describe, expect, test } from 'vitest';
import { fromBase64, toBase64 } from '../base64.ts';
import { createLinkKeys, linkDigits, openSealed, seal, shownChannel, takerChannel } from './link-seal.ts';

const rendezvous = '0190a000-0000-7000-8000-0000000000ff';
const other = '0190a000-0000-7000-8000-0000000000fe';
/** Draws the same bytes in each run. */
const drawing = (first: number) => {
  let next = first;
  return (bytes: Uint8Array<ArrayBuffer>) => bytes.map(() => (next = (next * 5 + 7) % 251));
};
const shown = createLinkKeys(drawing(1));
const taker = createLinkKeys(drawing(2));
const TEXT = 'for the other device';
/** As it was sealed first, which OpenSSL opens too: it stays readable. */
const RECORDED =
  'AdPimvEzd9voU0/RSaNsit6OH03kpFI/AbMwOxpQJ8oOFnVaziGsckuDoDYatchYcSR5TwkV0ycJuuNiAG+gC3S2GU69DjtA+crULmPholvW';
const DIGITS = '230084';

describe('what two devices say to each other', () => {
  test('is sealed, and opened, as it always was; both show the same digits', async () => {
    const channel = takerChannel(rendezvous, shown.publicKey, taker);
    const sealed = await seal(channel, 'first', TEXT, drawing(3));
    expect(sealed).toBe(RECORDED);
    const atShown = shownChannel(rendezvous, shown, RECORDED);
    expect(await openSealed(atShown, 'first', RECORDED)).toBe(TEXT);
    expect([await linkDigits(channel), await linkDigits(atShown)]).toEqual([DIGITS, DIGITS]);
    const answer = await seal(atShown, 'second', 'and back', drawing(4));
    expect(await openSealed(channel, 'second', answer)).toBe('and back');
  });

  test('opens nowhere else: not with a byte altered, in another slot or rendezvous, for another key, or at its own sender', async () => {
    const channel = takerChannel(rendezvous, shown.publicKey, taker);
    const sealed = await seal(channel, 'first', TEXT, drawing(3));
    const open = async (text: string, keys = shown, at = rendezvous, slot: 'first' | 'second' = 'first') =>
      openSealed(shownChannel(at, keys, text), slot, text);
    expect(await open(sealed)).toBe(TEXT);
    const altered = { code: 'link-altered' };
    const bytes = fromBase64(sealed);
    for (const index of bytes.keys()) {
      const changed = bytes.slice();
      changed[index]! ^= 1;
      await expect(open(toBase64(changed)), `byte ${index}`).rejects.toMatchObject(altered);
    }
    for (const length of [0, 1, 44, 45, bytes.length - 1])
      await expect(open(toBase64(bytes.slice(0, length))), `${length} bytes`).rejects.toMatchObject(altered);
    await expect(open(sealed, shown, other)).rejects.toMatchObject(altered);
    await expect(open(sealed, shown, rendezvous, 'second')).rejects.toMatchObject(altered);
    await expect(open(sealed, taker)).rejects.toMatchObject(altered);
    await expect(openSealed(channel, 'first', sealed)).rejects.toMatchObject(altered);
  });

  test('is with nobody whose key is none', () => {
    const zero = new Uint8Array(32);
    expect(() => takerChannel(rendezvous, zero, taker)).toThrow(
      expect.objectContaining({ code: 'link-altered' }),
    );
  });
});
