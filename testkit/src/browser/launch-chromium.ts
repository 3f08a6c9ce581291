import { chromium, type Browser } from 'playwright-core';
import { findChromium } from '@restante/scripts/find-chromium';

/** The Chromium of this machine, without a window. Its own sandbox does not work for root. */
export const launchChromium = async (): Promise<Browser> => {
  const executablePath = findChromium();
  if (executablePath === null) {
    throw new Error('no Chromium: install it (node scripts/ensure-chromium.mjs) or set CHROMIUM_PATH');
  }
  return chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 });
};
