import { waitFor } from '@restante/testkit';
import { NETWORK_FAILURES, type BrowserPerson } from '@restante/testkit/messenger';
import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { film } from './film.ts';
import { stageOfFile } from './stage-of-file.ts';

/** Films and recordings play while they come. */

const stage = stageOfFile({ areInstalled: true });

type Given = { readonly name: string; readonly mimeType: string; readonly buffer: Buffer };

/** What a player says of itself. */
type Playing = { readonly currentTime: number; readonly seeking: boolean; readonly src: string };

const send = async (person: BrowserPerson, ...files: readonly Given[]): Promise<void> => {
  const page = person.page();
  await page.locator('form input[type=file]').setInputFiles([...files]);
  await page.getByRole('list', { name: 'Files to send' }).waitFor();
  await page.getByRole('button', { name: 'Send', exact: true }).click();
};
const playButton = (person: BrowserPerson, name: string): Locator =>
  person.page().getByRole('button', { name: `Play ${name}` });
const player = (person: BrowserPerson): Locator => person.page().locator('video, audio');
const playing = (person: BrowserPerson): Promise<Playing> =>
  player(person).evaluate((element) => {
    const { currentTime, seeking, src } = element as unknown as Playing;
    return { currentTime, seeking, src };
  });
const playsFrom = (person: BrowserPerson, seconds: number): Promise<unknown> =>
  waitFor(`it to play from ${seconds} s`, async () => {
    const { currentTime, seeking } = await playing(person);
    return !seeking && currentTime > seconds;
  });
const seek = (person: BrowserPerson, seconds: number): Promise<void> =>
  player(person).evaluate((element, to) => {
    (element as unknown as { currentTime: number }).currentTime = to;
  }, seconds);

const stays = (person: BrowserPerson): Promise<void> =>
  player(person).evaluate((element) => (element as unknown as { pause: () => void }).pause());

/** Parts of blobs that a browser asks for. Those that are held get no answer before they are let go. */
const watchParts = async (
  person: BrowserPerson,
  isHeld: (part: number) => boolean = () => false,
): Promise<{ readonly answered: Set<number>; readonly letGo: () => void }> => {
  const answered = new Set<number>();
  const { promise: released, resolve: letGo } = Promise.withResolvers<undefined>();
  await person.context.route(/\/blobs\/[^/]+\/\d+$/, async (route) => {
    const part = Number(route.request().url().split('/').at(-1));
    if (isHeld(part)) await released;
    answered.add(part);
    await route.continue();
  });
  return { answered, letGo: () => letGo(undefined) };
};

/** What a document is that is opened by a URL: its status, and whether anything is in it. */
const opened = async (person: BrowserPerson, url: string) => {
  const page = await person.context.newPage();
  // A document without anything in it is none to Chromium, and an error.
  const [answer] = await Promise.all([page.waitForResponse(url), page.goto(url).catch(() => null)]);
  const text = await page.evaluate<string>('document.body?.innerText ?? ""').catch(() => '');
  const script = await page.evaluate<unknown>('globalThis.hasRun ?? null').catch(() => null);
  await page.close();
  return { status: answer.status(), text, script };
};

const HTML = '<!doctype html><title>mine</title><script>globalThis.hasRun = true</script>it is shown';

describe('a film', () => {
  const SECONDS = 40;

  it('plays before it is here, and from wherever it is sought, by the parts that are needed', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await bob!.isInstalled();
    const buffer = await film(alice!, SECONDS, 400_000);
    const middle = (part: number): boolean => part >= 9 && part <= 11;
    const { answered, letGo } = await watchParts(bob!, middle);
    await send(alice!, { name: 'lake.webm', mimeType: 'video/webm', buffer });
    await playButton(bob!, 'lake.webm').click();
    await playsFrom(bob!, 0.2);
    await seek(bob!, 35);
    await playsFrom(bob!, 35.1);
    await stays(bob!);
    expect([...answered].filter(middle)).toEqual([]);
    expect(answered.has(Math.floor(buffer.length / 1_048_560))).toBe(true);
    const { src } = await playing(bob!);
    expect(new URL(src).pathname).toMatch(/^\/media\/[\da-f-]{36}$/);

    // Nobody but the player gets anything by its URL.
    bob!.complaints.expect(...NETWORK_FAILURES);
    expect(await opened(bob!, src)).toMatchObject({
      status: 404,
      text: expect.not.stringMatching(/matroska|webm/),
    });
    const fetched = await bob!.page().evaluate<number>(`fetch('${src}').then(({ status }) => status)`);
    expect(fetched).toBe(404);

    letGo();
    await seek(bob!, 24);
    await player(bob!).evaluate((element) => (element as unknown as { play: () => Promise<void> }).play());
    await playsFrom(bob!, 24.1);
    expect(answered.has(9)).toBe(true);
  });

  it('that is something else is never shown, neither here nor as a document', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await bob!.isInstalled();
    // One is no film by its first bytes; the other one begins as a film.
    const begun = Buffer.concat([
      Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp42', 'latin1'),
      Buffer.from(HTML),
    ]);
    await send(
      alice!,
      { name: 'page.mp4', mimeType: 'video/mp4', buffer: Buffer.from(HTML) },
      { name: 'begun.mp4', mimeType: 'video/mp4', buffer: begun },
    );
    const page = bob!.page();
    const problems = page.getByRole('alert').filter({ hasText: 'This cannot be played here' });
    await playButton(bob!, 'page.mp4').click();
    await problems.waitFor();
    expect(await player(bob!).count()).toBe(0);
    const media: string[] = [];
    bob!.context.on('request', (request) => {
      if (request.url().includes('/media/')) media.push(request.url());
    });
    await playButton(bob!, 'begun.mp4').click();
    await problems.nth(1).waitFor();
    expect(media.length).toBeGreaterThan(0);
    bob!.complaints.expect(...NETWORK_FAILURES);
    expect(await opened(bob!, media[0]!)).toMatchObject({
      status: 404,
      text: expect.not.stringContaining('it is shown'),
      script: null,
    });
  });

  it('is named as what cannot be had without a network, and plays then; what was played is here', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await bob!.isInstalled();
    const buffer = await film(alice!, 5, 10_000);
    await send(alice!, { name: 'short.webm', mimeType: 'video/webm', buffer });
    await playButton(bob!, 'short.webm').waitFor();
    bob!.complaints.expect(...NETWORK_FAILURES);
    await bob!.goOffline();
    await playButton(bob!, 'short.webm').click();
    await bob!.page().getByRole('alert').getByText('It cannot be fetched at the moment.').waitFor();
    await bob!.goOnline();
    await bob!.isConnected('live');
    await playButton(bob!, 'short.webm').click();
    await playsFrom(bob!, 0.2);
    await bob!.goOffline();
    await bob!.leave();
    await bob!.enter();
    await bob!.open(alice!.username);
    await playButton(bob!, 'short.webm').click();
    await playsFrom(bob!, 0.2);
  });
});

/** A tone of so many seconds as WAV: 16 bits, mono. */
const tone = (seconds: number): Buffer => {
  const rate = 44_100;
  const samples = Buffer.alloc(2 * rate * seconds);
  for (let at = 0; at < rate * seconds; at += 1)
    samples.writeInt16LE(Math.round(3_000 * Math.sin((at * 2 * Math.PI * 440) / rate)), 2 * at);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(2 * rate, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
};

describe('a recording', () => {
  it('plays before it is here, and from wherever it is sought', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    await bob!.isInstalled();
    const { answered, letGo } = await watchParts(bob!, (part) => part === 8);
    await send(alice!, { name: 'tone.wav', mimeType: 'audio/wav', buffer: tone(120) });
    await playButton(bob!, 'tone.wav').click();
    await playsFrom(bob!, 0.2);
    await seek(bob!, 117);
    await playsFrom(bob!, 117.1);
    expect(answered.has(8)).toBe(false);
    letGo();
  });
});
