// Plain JavaScript: it also runs before the dependencies are there, on whatever Node the machine has.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findProgram } from './find-program.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const ELSEWHERE = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * The Chromium of this machine, or null: CHROMIUM_PATH, else one in PATH or where macOS has it.
 *
 * @returns {string | null}
 */
export const findChromium = () => {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = [
    ...(process.env.CHROMIUM_PATH ? [process.env.CHROMIUM_PATH] : []),
    ...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))),
    ...ELSEWHERE,
  ];
  return candidates.find((path) => existsSync(path)) ?? null;
};

/**
 * Chromium without the windows around its pages, or null: CHROMIUM_PATH, else one in PATH. Tests of many people take two thirds of the time with it.
 *
 * @returns {string | null}
 */
export const findHeadlessShell = () => process.env.CHROMIUM_PATH || findProgram('chromium-headless-shell');
