import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { findChromium, findHeadlessShell } from '@restante/scripts/find-chromium';

/** Options for a Chromium of this machine, without a window. Its own sandbox does not work for root. */
const launchOptions = (executablePath = findChromium()) => {
  if (executablePath === null) {
    throw new Error('no Chromium: install it (node scripts/ensure-packages.mjs) or set CHROMIUM_PATH');
  }
  return { executablePath, chromiumSandbox: process.getuid?.() !== 0 };
};

/** What Chromium calls a certificate's key by. */
const keyHash = (certificateFile: string): string =>
  createHash('sha256')
    .update(
      new X509Certificate(readFileSync(certificateFile)).publicKey.export({ type: 'spki', format: 'der' }),
    )
    .digest('base64');

/**
 * `certificateFile`: a certificate that nobody has signed, and that this Chromium takes all the same. `hasMicrophone`: a microphone that beeps,
 * and a camera. `cameraFile`: JPEGs one after the other (`.mjpeg`), which the camera shows in place of its own picture; it is read when the
 * camera is switched on.
 */
type LaunchOptions = {
  readonly certificateFile?: string | undefined;
  readonly hasMicrophone?: boolean | undefined;
  readonly cameraFile?: string | undefined;
};

const launch = (
  executablePath: string | null,
  { certificateFile, hasMicrophone = false, cameraFile }: LaunchOptions = {},
): Promise<Browser> =>
  chromium.launch({
    ...launchOptions(executablePath),
    args: [
      ...(certificateFile === undefined
        ? []
        : [`--ignore-certificate-errors-spki-list=${keyHash(certificateFile)}`]),
      ...(hasMicrophone || cameraFile !== undefined ? ['--use-fake-device-for-media-stream'] : []),
      ...(cameraFile === undefined ? [] : [`--use-file-for-fake-video-capture=${cameraFile}`]),
    ],
  });

export const launchChromium = (options?: LaunchOptions): Promise<Browser> => launch(findChromium(), options);

/** The same without the windows around its pages, where the machine has that: for many people. It knows no microphone and no camera. */
export const launchHeadlessShell = (
  options?: Omit<LaunchOptions, 'hasMicrophone' | 'cameraFile'>,
): Promise<Browser> => launch(findHeadlessShell() ?? findChromium(), options);

/** A Chromium whose profile is a folder: what it keeps is on disk, and there for the next one that is launched on it. */
export type Profile = {
  readonly page: Page;
  /** Of the browser process. */
  readonly pid: number;
  readonly close: () => Promise<void>;
  /** Ends the browser process by SIGKILL. */
  readonly kill: () => Promise<void>;
};

/** `args`: more arguments of its command line. */
export const launchProfile = async (folder: string, args: string[] = []): Promise<Profile> => {
  const context = await chromium.launchPersistentContext(folder, { ...launchOptions(), args });
  const page = context.pages()[0] ?? (await context.newPage());
  const cdp = await context.browser()!.newBrowserCDPSession();
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
  const pid = processInfo.find(({ type }) => type === 'browser')!.id;
  return {
    page,
    pid,
    close: () => context.close(),
    kill: async () => {
      const closed = context.waitForEvent('close');
      process.kill(pid, 'SIGKILL');
      await closed;
    },
  };
};
