// Sees to it that the browser tests find a Chromium: installs Debian's where there is none.
import { spawnSync } from 'node:child_process';
import { findChromium } from './find-chromium.mjs';

const runAsRoot = (...command) => {
  const whole = process.getuid?.() === 0 ? command : ['sudo', '-n', ...command];
  const [program, ...args] = whole;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
};

if (findChromium() === null) {
  console.log('Installing Chromium for the browser tests (apt-get install chromium) ...');
  runAsRoot('apt-get', 'update', '-qq');
  runAsRoot('apt-get', 'install', '-qq', '--yes', '--no-install-recommends', 'chromium');
  if (findChromium() === null) {
    console.warn(
      'There is no Chromium here, and apt-get could not install it: the browser tests will fail.\n' +
        'Install Chromium or Chrome, or set CHROMIUM_PATH to one.',
    );
  }
}
