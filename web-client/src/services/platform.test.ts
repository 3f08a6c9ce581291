import { expect, it } from 'vitest';
import { describePlatform } from './platform.ts';

const CHROME = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36';

it.each([
  [`Mozilla/5.0 (X11; Linux x86_64) ${CHROME}`, ['Chromium', 'Not A Brand'], 'Chromium', 'Linux'],
  [`Mozilla/5.0 (X11; Linux x86_64) ${CHROME}`, ['Chromium', 'Google Chrome'], 'Chrome', 'Linux'],
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Edg/139.0`, ['Chromium'], 'Edge', 'Windows'],
  ['Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/139.0.0.0 Safari/537.36', [], 'Chromium', 'Linux'],
  ['Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0', [], 'Firefox', 'Android'],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1',
    [],
    'Safari',
    'iPhone',
  ],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.5 Safari/605.1.15', [], 'Safari', 'Mac'],
  ['something else', [], null, null],
])('%s', (userAgent, brands, browser, system) => {
  expect(describePlatform({ userAgent, brands })).toEqual({ browser, system });
});
