import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AvailableKeys, Ciphertext, Parties, RatchetSession } from '@restante/client';
import { libsignalRatchet } from '@restante/client/node';
import type { KeyBundle } from '@restante/protocol';
import { buildPage, launchChromium, startSite, type Answer, type BuiltPage } from '@restante/testkit/browser';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PageApi } from './signal-browser/page/worker-calls.ts';

/** `@restante/signal` in a Web Worker of a real Chromium, in conversation with the official package in this process. */

const MESSAGES = 500;
const LOCAL = { accountId: '22222222-2222-4222-8222-222222222222', deviceId: 2 };
const REMOTE = { accountId: '11111111-1111-4111-8111-111111111111', deviceId: 1 };

type Letter = { readonly by: string; readonly type: Ciphertext['type']; readonly payload: readonly number[] };

/** The peer behind the page's server. */
const createPeer = async () => {
  const ratchet = libsignalRatchet();
  const { identity, keys, ...records } = await ratchet.createKeys(
    { signedPreKeyId: 1, lastResortKyberPreKeyId: 1 },
    Date.now(),
  );
  const parties = (remoteKey: string): Parties => ({ identity, local: LOCAL, remote: REMOTE, remoteKey });
  const available: AvailableKeys = {
    preKeys: new Map(),
    signedPreKeys: new Map([[1, records.signedPreKeyRecord]]),
    kyberPreKeys: new Map([[1, records.lastResortKyberPreKeyRecord]]),
    usedHandshakes: new Set(),
  };
  const received: string[] = [];
  let session: RatchetSession | null = null;
  let sent = 0;

  const send = async (): Promise<Letter> => {
    const text = new TextEncoder().encode(`node ${sent++}`);
    const message = await ratchet.encrypt(parties(session!.identityKey), session!, text, Date.now());
    session = message!.session;
    return { by: identity.identityKey, type: message!.type, payload: [...message!.payload] };
  };
  const receive = async ({ by, type, payload }: Letter): Promise<void> => {
    const message = { type, payload: Uint8Array.from(payload) };
    const after = await ratchet.decrypt(parties(by), session, available, [message]);
    session = after.session;
    const [result] = after.results;
    received.push(result!.ok ? new TextDecoder().decode(result!.plaintext) : result!.reason);
  };
  const bundle: KeyBundle = {
    deviceId: LOCAL.deviceId,
    registrationId: keys.registrationId,
    identityKey: keys.identityKey,
    signedPreKey: keys.signedPreKey,
    kyberPreKey: keys.lastResortKyberPreKey,
  };
  const answers: Readonly<Record<string, Answer>> = {
    '/peer/send': send,
    '/peer/receive': (letter) => receive(letter as Letter),
  };
  return {
    ...{ bundle, received, answers },
    start: async (remote: KeyBundle): Promise<void> => {
      session = await ratchet.startSession(parties(remote.identityKey), session, remote, Date.now());
    },
  };
};

const texts = (of: string, from: number, end: number): readonly string[] =>
  Array.from({ length: end - from }, (_, index) => `${of} ${from + index}`);

declare const signalPage: PageApi;

describe('signal in Chromium', () => {
  let built: BuiltPage;
  let browser: Browser | undefined;

  beforeAll(async () => {
    built = await buildPage(fileURLToPath(new URL('signal-browser/page/', import.meta.url)));
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** A page of an origin of its own, which is ready. */
  const open = async (answers: Readonly<Record<string, Answer>> = {}) => {
    const site = await startSite(built, answers);
    const context = await browser!.newContext();
    const page = await context.newPage();
    const load = async (): Promise<void> => {
      await page.goto(site.url);
      await page.waitForFunction(() => 'signalPage' in globalThis);
    };
    await load();
    return {
      ...{ page, load },
      [Symbol.asyncDispose]: async () => {
        await context.close();
        await site[Symbol.asyncDispose]();
      },
    };
  };

  const converse = (page: Page, messagesEach: number): Promise<readonly string[]> =>
    page.evaluate((count) => signalPage.call('converse', count), messagesEach);

  test.each(['browser', 'node'] as const)(
    '500 messages each way with the official package, the page loaded anew in the middle; %s starts',
    async (starter) => {
      const peer = await createPeer();
      await using tab = await open(peer.answers);
      const { page } = tab;
      const bundle = await page.evaluate(() => signalPage.call('createDevice', 3));
      if (starter === 'node') await peer.start(bundle as KeyBundle);
      else await page.evaluate((remote) => signalPage.call('start', remote), peer.bundle);

      expect(await converse(page, MESSAGES / 2)).toEqual(texts('node', 0, MESSAGES / 2));
      await tab.load();
      expect(await converse(page, MESSAGES)).toEqual(texts('node', MESSAGES / 2, MESSAGES));
      expect(peer.received).toEqual(texts('browser', 0, MESSAGES));
    },
  );

  test('keys are made in the worker while the page goes on showing frames', async () => {
    await using tab = await open();
    const { page } = tab;
    const inWorker = await page.evaluate(() => signalPage.framesInWorker(200));
    const onPage = await page.evaluate(() => signalPage.framesOnPage(200));
    expect(onPage).toBeLessThanOrEqual(1);
    expect(inWorker).toBeGreaterThan(5);
  });

  test.each(['oneway', 'basic', 'no-one-time-prekey', 'crossing', 'chaos', 'bursts'])(
    'transcript %s of the official package',
    async (name) => {
      const url = new URL(`../signal/vectors/transcript-${name}.json`, import.meta.url);
      const transcript = JSON.parse(readFileSync(url, 'utf8')) as { readonly ops: readonly unknown[] };
      await using tab = await open();
      const done = await tab.page.evaluate((vector) => signalPage.call('replay', vector), transcript);
      expect(done).toBe(transcript.ops.length);
    },
  );
});
