// Sees to it that the tests find the programs that they run: installs Debian's where there are none.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findChromium } from './find-chromium.mjs';
import { findNginx } from './find-nginx.mjs';

const findOpenssl = () => (spawnSync('openssl', ['version']).status === 0 ? 'openssl' : null);

const PROGRAMS = [
  {
    debianPackage: 'chromium',
    find: findChromium,
    without: 'the browser tests will fail. Install Chromium or Chrome, or set CHROMIUM_PATH to one.',
  },
  {
    debianPackage: 'nginx-light',
    find: findNginx,
    without: 'the tests of nginx.conf will fail. Install nginx.',
  },
  {
    debianPackage: 'openssl',
    find: findOpenssl,
    without: 'the tests of nginx.conf will fail for want of a certificate. Install OpenSSL.',
  },
];

const runAsRoot = (...command) => {
  const whole = process.getuid?.() === 0 ? command : ['sudo', '-n', ...command];
  const [program, ...args] = whole;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
};

const missing = () => PROGRAMS.filter(({ find }) => find() === null);

const packages = missing().map(({ debianPackage }) => debianPackage);
if (packages.length > 0) {
  console.log(`Installing what the tests run (apt-get install ${packages.join(' ')}) ...`);
  runAsRoot('apt-get', 'update', '-qq');
  runAsRoot('apt-get', 'install', '-qq', '--yes', '--no-install-recommends', ...packages);
  // Debian's starts at once and with the machine; the tests start their own.
  if (packages.includes('nginx-light') && existsSync('/run/systemd/system')) {
    runAsRoot('systemctl', 'disable', '--now', 'nginx');
  }
  for (const { debianPackage, without } of missing()) {
    console.warn(`There is no ${debianPackage} here, and apt-get could not install it: ${without}`);
  }
}
