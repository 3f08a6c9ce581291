import { mintMessageId } from '@restante/protocol';
import { GREETING, type BrowserPerson, type Probe, type StoredRow } from '@restante/testkit/messenger';
import { waitFor } from '@restante/testkit';
import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { stageOfFile } from './stage-of-file.ts';

/** A very long conversation, and texts that were made to do harm. */

declare const probe: Probe;

const MANY = 10_000;
/** Elements in the document, however long the conversation is. */
const MAX_ELEMENTS = 3_000;
const MAX_HEAP_BYTES = 100_000_000;

const stage = stageOfFile();

/** Thousands of lines are laid out by a browser that shares its cores with everything else. */
const PATIENTLY = { timeoutMs: 150_000 };

describe('10,000 messages in a conversation', () => {
  /** Puts them into the vault as if they had come before the greeting. */
  const seed = async (reader: BrowserPerson, writer: BrowserPerson): Promise<void> => {
    const conversation = writer.address.accountId;
    const rows = Array.from({ length: MANY }, (_, index) => {
      const sentAt = Date.now() - (MANY + 1 - index) * 60_000;
      const id = mintMessageId(sentAt, crypto.getRandomValues(new Uint8Array(10)));
      const key = `${conversation}:${sentAt.toString(16).padStart(12, '0')}:${id}:in`;
      const text =
        index % 10 === 0 ? `message ${index}\n${'and more '.repeat(index % 70)}` : `message ${index}`;
      const value = { id, conversation, sentAt, text, direction: 'in', kind: 'text', state: 'seen' };
      return { key, value };
    });
    const keys = rows.map(({ key, value }) => ({ key: `${conversation}:${value.id}`, value: key }));
    await reader.tamper(async (page) => {
      await page.evaluate((given) => probe.put('messages', given), rows as unknown as StoredRow[]);
      await page.evaluate((given) => probe.put('messageKeys', given), keys as unknown as StoredRow[]);
    });
  };

  it('are all there, in order, once, and only those in view are in the document', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await bob!.leave();
    await seed(bob!, alice!);
    await bob!.enter();
    await bob!.open(alice!.username);
    await bob!.sees(GREETING);
    const page = bob!.page();
    let most = 0;
    const count = async (): Promise<void> => {
      most = Math.max(most, await page.locator('*').count());
    };
    await count();

    const seen = new Set<number>();
    await waitFor(
      'the first message',
      async () => {
        const here = (await bob!.texts()).flatMap((text) => /^message (\d+)/.exec(text ?? '')?.[1] ?? []);
        const [first = 0] = here.map(Number);
        expect(here.map(Number)).toEqual(here.map((_, index) => first + index));
        for (const number of here) seen.add(Number(number));
        if (here.length > 0 && first === 0) return true;
        await page.evaluate(() => probe.scroll(-6));
        return false;
      },
      { timeoutMs: 110_000, everyMs: 0 },
    );
    expect(seen.size).toBeGreaterThan(MANY / 5);
    await count();
    expect(most).toBeLessThan(MAX_ELEMENTS);
    const devtools = await bob!.context.newCDPSession(page);
    await devtools.send('HeapProfiler.collectGarbage');
    expect((await devtools.send('Runtime.getHeapUsage')).usedSize).toBeLessThan(MAX_HEAP_BYTES);

    await page.getByRole('button', { name: /Jump to latest/ }).click();
    await bob!.sees(GREETING);
    await bob!.write('after all that');
    await alice!.sees('after all that');
  });
});

describe('hostile text', () => {
  const RIGHT_TO_LEFT = String.fromCodePoint(0x202e);
  const TEXTS: readonly (readonly [name: string, text: string])[] = [
    ['a script', '<script>globalThis.hacked = 1</script>'],
    ['HTML with handlers', '<img src=x onerror="globalThis.hacked = 2"><svg onload="globalThis.hacked = 3">'],
    ['HTML that closes what is around it', '</p></div></body><style>* { display: none }</style><!--'],
    ['a template', '{@html "<b>x</b>"} ${globalThis.hacked = 4} {{constructor.constructor("hacked=5")()}}'],
    [
      'a link that is code',
      'javascript:globalThis.hacked=6 data:text/html,<script>hacked=7</script> JaVaScRiPt://x.de/%0aalert(1)',
    ],
    [
      'control characters',
      `a${String.fromCharCode(...Array.from({ length: 31 }, (_, index) => index + 1))}z${String.fromCharCode(127, 0x85, 0x2028, 0x2029)}`,
    ],
    [
      'writing from right to left',
      `${RIGHT_TO_LEFT}gnp.exe ${RIGHT_TO_LEFT.repeat(50)} שלום ${String.fromCodePoint(0x2066, 0x2067, 0x2068)}`,
    ],
    ['a heap of accents', `Z${'\u0301\u0335\u035d\u0489'.repeat(400)}algo`],
    ['joined emojis', `${'👩‍👩‍👧‍👦'.repeat(50)}${'\u200d'.repeat(100)}`],
    [
      'marks in marks',
      `${'*_~a~_* `_` '.repeat(150)}\n${'> - * 1. '.repeat(50)}\n\`\`\`\n${'*_~'.repeat(50)}`,
    ],
    ['one word of 60 kB', 'W'.repeat(60_000)],
    ['11,000 lines', 'line\n'.repeat(11_000)],
    ['lone surrogates and strange spaces', `\ufffe${'\u00a0\u3000\u200b\ufeff'.repeat(20)} end`],
  ];

  it('is shown as text and nothing else, and arrives as it was written', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const nora = await stage().cluster.person('nora');
    await nora.enterLive();
    await alice!.write('a quiet line');
    await bob!.sees('a quiet line');
    await nora.sendAccepted(bob!, 'first');
    await bob!.open(nora.username);
    await bob!.accept();
    const page = bob!.page();
    const frame = async () =>
      Promise.all(
        [
          bob!.composer(),
          page.getByRole('navigation', { name: 'Conversations' }),
          page.getByRole('main').getByRole('heading').first(),
          page.getByRole('log'),
          bob!.conversation(alice!.username),
        ].map((part) => part.boundingBox()),
      );
    /** Longer than the list takes what has moved for a person's scrolling, which then keeps another place. */
    const someFrames = `new Promise((drawn) => {
      let left = 20;
      const next = () => (--left === 0 ? drawn() : requestAnimationFrame(next));
      next();
    })`;
    /** The top of what may still be moving to where it stays. */
    const restingPlace = (element: Locator): Promise<number> => {
      let last: number | undefined;
      return waitFor('it to be at rest', async () => {
        last = (await element.boundingBox())?.y;
        await page.evaluate(someFrames);
        return last !== undefined && last === (await element.boundingBox())?.y && last;
      });
    };
    const before = await frame();
    for (const [name, text] of TEXTS) {
      await nora.sendAccepted(bob!, text);
      const element = page.getByRole('log').getByRole('article').last();
      const all = element.getByRole('button', { name: 'Show all' });
      let last: string | null | undefined;
      let expandedAt: number | undefined;
      const shown = async (): Promise<boolean> => {
        if (await all.isVisible()) {
          expandedAt = await restingPlace(element);
          // A mouse that does not hit it at once would move it into view anew.
          await all.dispatchEvent('click');
        }
        last = (await bob!.texts('in')).at(-1);
        return last === text;
      };
      await waitFor(`${name} to be shown as it is`, shown, PATIENTLY).catch((error: unknown) => {
        throw new Error(`${name}: shown is ${JSON.stringify(last?.slice(0, 60))}`, { cause: error });
      });
      expect(await frame(), name).toEqual(before);
      expect(await element.locator('script, img, svg[onload], style, iframe, object').count(), name).toBe(0);
      const links = await element
        .locator('[data-part=text] a')
        .evaluateAll((all) => all.map((a) => a.href as string));
      for (const link of links) expect(link, name).toMatch(/^(https?|mailto):/);
      const width = await page.evaluate('document.documentElement.scrollWidth <= innerWidth');
      expect(width, name).toBe(true);
      if (expandedAt !== undefined)
        expect(await restingPlace(element), `${name}: its reader is where they were`).toBe(expandedAt);
      const latest = page.getByRole('button', { name: /Jump to latest/ });
      if (await latest.isVisible()) await latest.click();
    }
    expect(await page.evaluate('globalThis.hacked')).toBeUndefined();

    // The other way: what a person puts into the field reaches the other side as it is. (The field itself knows one kind of line end.)
    for (const [name, text] of TEXTS.filter(([, text]) => !text.includes('\r'))) {
      await bob!.paste(text);
      const received = await waitFor(name, async () =>
        (await nora.textsFrom(bob!)).find((one) => one === text),
      );
      expect(received, name).toBe(text);
    }
  });
});
