import { rm } from 'node:fs/promises';
import { launchProfile, type Profile } from '@restante/testkit/browser';
import type { Page } from 'playwright-core';
import { monotonicMs } from '../history/clock.ts';
import type { Happening } from '../history/line.ts';
import { historyFile } from '../history/write.ts';
import type { DeviceProcess } from './device-process.ts';
import type { ChaosPage } from './page/chaos-page.ts';
import { startOf, type Answers, type DeviceStart, type Request } from './requests.ts';

declare const chaosPage: ChaosPage;

/** The page speaks to services of other origins, as no page of the messenger does. */
const ARGUMENTS = ['--disable-web-security'];
const READINGS = 8;

/** What has to be added to the page's clock, by the quickest of some readings: right to the half of its duration. */
const clockOffset = async (page: Page): Promise<number> => {
  let best = { took: Infinity, offset: 0 };
  for (let reading = 0; reading < READINGS; reading += 1) {
    const before = monotonicMs();
    const inPage = await page.evaluate(() => chaosPage.now());
    const after = monotonicMs();
    if (after - before < best.took) {
      best = { took: after - before, offset: (before + after) / 2 - inPage };
    }
  }
  return best.offset;
};

type Run = { readonly profile: Profile; readonly opened: Promise<true | null>; isOver: boolean };

/**
 * A device in a page of a Chromium of its own, whose profile is the folder `given.vaultFile`: seen from outside as any other. `pid` is
 * that of the browser's process. `pageUrl`: where the page is served, from run to run.
 */
export const createBrowserDevice = (given: DeviceStart, pageUrl: string): DeviceProcess => {
  const write = historyFile(given.historyFile);
  let run: Run | null = null;
  let launching: Promise<Run> | null = null;
  let runs = 0;
  let requests = 0;
  let isEnrolled = given.enroll === null;

  const running = (): Run | null => (run === null || run.isOver ? null : run);

  const kill = async (): Promise<void> => {
    await launching?.catch(() => undefined);
    const now = running();
    if (now === null) return;
    now.isOver = true;
    await now.profile.kill();
  };

  const launch = async (): Promise<Run> => {
    const profile = await launchProfile(given.vaultFile, ARGUMENTS);
    const opening = Promise.withResolvers<true | null>();
    const launched: Run = { profile, opened: opening.promise, isOver: false };
    run = launched;
    whileItRuns(launched, open(launched)).then(opening.resolve, opening.reject);
    return launched;
  };

  const crashed = (how: string): void => write({ type: 'crashed', who: given.device, how });

  const open = async (launched: Run): Promise<true> => {
    const { page } = launched.profile;
    page.on('pageerror', (error) => crashed(error.stack ?? error.message));
    page.on('crash', () => {
      crashed('the page crashed');
      void kill();
    });
    page.context().on('close', () => {
      if (!launched.isOver) crashed('the browser ended');
      launched.isOver = true;
    });
    let offset = 0;
    await page.exposeFunction('writeLine', (at: number, happening: Happening) =>
      write(happening, at + offset),
    );
    await page.exposeFunction('die', kill);
    await page.goto(pageUrl);
    await page.waitForFunction(() => 'chaosPage' in globalThis);
    offset = await clockOffset(page);
    return true;
  };

  /** Null when the browser ended before it answered. */
  const whileItRuns = async <T>(launched: Run, answer: Promise<T>): Promise<T | null> => {
    try {
      return await answer;
    } catch (error) {
      // Whatever else fails in the page is told as an answer.
      if (launched.isOver || /closed|crashed/.test(String(error))) return null;
      throw error;
    }
  };

  return {
    kill,
    isRunning: () => running() !== null,
    pid: () => running()?.profile.pid,
    start: async (more = {}) => {
      if (launching !== null || running() !== null) return null;
      runs += 1;
      const start = startOf({ ...given, ...(isEnrolled && { enroll: null }), ...more }, runs);
      launching = launch();
      const launched = await launching.finally(() => (launching = null));
      if ((await launched.opened) === null) return null;
      const begun = launched.profile.page.evaluate((begins) => chaosPage.begin(begins), start);
      const self = await whileItRuns(launched, begun);
      if (self === null) await kill();
      else isEnrolled = true;
      return self;
    },
    ask: async (name, asked) => {
      const asking = running();
      if (asking === null || (await asking.opened) === null) return null;
      const request = { request: (requests += 1), name, asked } as Request;
      const answered = asking.profile.page.evaluate((asks) => chaosPage.answer(asks), request);
      const answer = await whileItRuns(asking, answered);
      if (answer === null) return null;
      if ('refusal' in answer) throw new Error(answer.refusal);
      return answer.value as Answers[typeof name];
    },
    [Symbol.asyncDispose]: async () => {
      await kill();
      await rm(given.vaultFile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
