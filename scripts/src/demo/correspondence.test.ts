import { describe, expect, it } from 'vitest';
import { createLetters, isAllAccepted, tally, type Side } from './correspondence.ts';
import { newMarker } from './marker.ts';

const marker = newMarker();
const toBob = createLetters('Alice', 'Bob', marker);
const [one, two, three] = [...toBob.write(2), ...toBob.write(1)];
const inbox = (...texts: string[]) =>
  texts.map((text) => ({ text, direction: 'in' as const, isAccepted: false }));
const told = (side: Partial<Side>) => tally([{ letters: toBob, side: { listed: [], shown: [], ...side } }]);

describe('correspondence', () => {
  it('writes texts that are all different and hold the marker', () => {
    expect(toBob.texts).toEqual([one, two, three]);
    expect(new Set(toBob.texts).size).toBe(3);
    for (const text of toBob.texts) expect(text).toContain(marker.text);
  });

  it('counts what arrived, each text once, and nothing that was never sent', () => {
    expect(told({ listed: inbox(one!, two!, three!) })).toMatchObject({
      received: 3,
      shownTwice: 0,
      inOrder: true,
    });
    expect(told({ listed: inbox(one!, one!, 'other') })).toMatchObject({ received: 1, shownTwice: 1 });
    expect(told({})).toMatchObject({ sent: 3, received: 0, inOrder: false });
  });

  it('counts a text that appears again, also on a screen of a later time', () => {
    expect(told({ listed: inbox(one!), shown: [one!, two!, one!] })).toMatchObject({ shownTwice: 1 });
  });

  it('tells when the order is another', () => {
    expect(told({ listed: inbox(two!, one!, three!) }).inOrder).toBe(false);
  });

  it('counts as accepted what its sender has been told of', () => {
    const out = { text: 'x', direction: 'out' as const, isAccepted: true };
    const listed = [out, { ...out, isAccepted: false }, ...inbox(one!)];
    expect(told({ listed }).accepted).toBe(1);
    expect(isAllAccepted(listed)).toBe(false);
    expect(isAllAccepted([out, ...inbox(one!)])).toBe(true);
  });
});
