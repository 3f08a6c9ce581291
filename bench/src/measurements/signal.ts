import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { libsignalRatchet } from '@restante/client/node';
import { signalRatchet } from '@restante/client/signal';
import { buildPage, launchChromium, startSite } from '@restante/testkit/browser';
import type { Bench, Measurement } from '../measurement.ts';
import type { Figure, Target } from '../figure.ts';
import type { MeasuringPage } from '../signal/page/measuring/page.ts';
import { measureRatchet, type RatchetFigures } from '../signal/measure-ratchet.ts';
import { median } from '../statistics.ts';

const MESSAGES = 2_000;
const OFFICIAL = 'official package, native';

const pageFolder = (name: string): string =>
  fileURLToPath(new URL(`../signal/page/${name}`, import.meta.url));

/** Runs of ours and of the official package in turns; one round to warm up is not counted. */
const measureInNode = async (rounds: number) => {
  const pairs: { ours: RatchetFigures; official: RatchetFigures }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const ours = await measureRatchet(signalRatchet(), MESSAGES);
    const official = await measureRatchet(libsignalRatchet(), MESSAGES);
    if (round > 0) pairs.push({ ours, official });
  }
  return pairs;
};

/** `first`: in a page that has done nothing yet. */
const measureInChromium = async (
  rounds: number,
): Promise<{ first: RatchetFigures; figures: RatchetFigures[] }> => {
  await using site = await startSite(await buildPage(pageFolder('measuring')));
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(site.url);
    await page.waitForFunction(() => 'measure' in globalThis);
    const measure = (): Promise<RatchetFigures> =>
      page.evaluate((messages) => (globalThis as unknown as MeasuringPage).measure(messages), MESSAGES);
    const first = await measure();
    const figures: RatchetFigures[] = [];
    for (let round = 0; round < rounds; round += 1) figures.push(await measure());
    return { first, figures };
  } finally {
    await browser.close();
  }
};

const gzippedKb = async (): Promise<number> => {
  const page = await buildPage(pageFolder('importing'));
  const scripts = [...page].filter(([path]) => path.endsWith('.js')).map(([, content]) => content);
  return scripts.reduce((sum, script) => sum + gzipSync(script, { level: 9 }).length, 0) / 1000;
};

const run = async ({ rounds }: Bench): Promise<readonly Figure[]> => {
  const pairs = await measureInNode(rounds);
  const chromium = await measureInChromium(rounds);
  const beside = (
    name: string,
    unit: Figure['unit'],
    of: keyof RatchetFigures,
    target: Target | null,
  ): Figure => ({
    name: `${name}, Node`,
    unit,
    value: median(pairs.map(({ ours }) => ours[of])),
    peer: { name: OFFICIAL, value: median(pairs.map(({ official }) => official[of])) },
    ratio: median(pairs.map(({ ours, official }) => ours[of] / official[of])),
    ...(target && { target }),
  });
  const inChromium = (
    name: string,
    unit: Figure['unit'],
    of: keyof RatchetFigures,
    target: Target | null,
  ): Figure => ({
    name: `${name}, Chromium`,
    unit,
    value: median(chromium.figures.map((figures) => figures[of])),
    ...(target && { target }),
  });
  const recordKb = Math.max(...pairs.map(({ ours }) => ours.recordBytes)) / 1000;
  return [
    beside('encrypt', 'messages/s', 'encryptsPerSecond', { of: 'ratio', atLeast: 1 }),
    beside('decrypt', 'messages/s', 'decryptsPerSecond', { of: 'ratio', atLeast: 1 }),
    beside('session start', 'ms', 'startMs', null),
    beside('keys of a new device', 'ms', 'keysMs', null),
    inChromium('encrypt', 'messages/s', 'encryptsPerSecond', { of: 'value', atLeast: 1_500 }),
    inChromium('decrypt', 'messages/s', 'decryptsPerSecond', { of: 'value', atLeast: 1_200 }),
    inChromium('session start', 'ms', 'startMs', { of: 'value', atMost: 80 }),
    {
      name: 'session start, the first in a page of Chromium',
      unit: 'ms',
      value: chromium.first.startMs,
      target: { of: 'value', atMost: 80 },
    },
    inChromium('keys of a new device', 'ms', 'keysMs', null),
    { name: 'largest session record', unit: 'kB', value: recordKb, target: { of: 'value', atMost: 10 } },
    {
      name: 'what the messenger imports, gzipped',
      unit: 'kB',
      value: await gzippedKb(),
      target: { of: 'value', atMost: 40 },
    },
  ];
};

/** The Signal Protocol of `signal/` beside the official package, both through the client's `Ratchet`, and in Chromium. */
export const signal: Measurement = { name: 'signal', run };
