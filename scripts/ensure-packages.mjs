// Sees to it that the tests, or with the argument `check` the static checks, or with `servers` the tests of three servers, find
// the programs that they run: installs Debian's where there are none.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findChromium, findHeadlessShell } from './find-chromium.mjs';
import { findProgram } from './find-program.mjs';

/** Debian's. */
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

const runs = (name, option) => () => (spawnSync(name, [option]).status === 0 ? name : null);

/** In it, or a module beside it. */
const nginxWithStream = () => {
  const nginx = findProgram('nginx');
  if (nginx === null) return null;
  const { stderr } = spawnSync(nginx, ['-V'], { encoding: 'utf8' });
  const isThere = / --with-stream(?: |$)/m.test(stderr) || existsSync(STREAM_MODULE);
  return isThere ? nginx : null;
};

const PROGRAMS = {
  tests: [
    {
      debianPackage: 'chromium',
      find: findChromium,
      without: 'the browser tests will fail. Install Chromium or Chrome, or set CHROMIUM_PATH to one.',
    },
    {
      debianPackage: 'chromium-headless-shell',
      // Not every system has it, and apt-get installs nothing where one of several is unknown.
      isAlone: true,
      find: findHeadlessShell,
      without: 'the browser tests will take longer.',
    },
    {
      debianPackage: 'nginx-light',
      find: () => findProgram('nginx'),
      without: 'the tests of nginx.conf will fail. Install nginx.',
    },
    {
      debianPackage: 'libnginx-mod-stream',
      find: nginxWithStream,
      without: 'the tests of nginx/tunnel/ will fail. Install nginx with its stream module.',
    },
    {
      debianPackage: 'nats-server',
      find: () => findProgram('nats-server'),
      without: 'the tests with several masters will fail. Install the NATS server.',
    },
    ...['ceph-mon', 'ceph-osd', 'radosgw'].map((debianPackage) => ({
      debianPackage,
      find: () => findProgram(debianPackage),
      without: "the tests of files in S3 will fail. Install Ceph's monitor, its OSD and its gateway.",
    })),
    {
      debianPackage: 'openssl',
      find: runs('openssl', 'version'),
      without: 'the tests of nginx.conf will fail for want of a certificate. Install OpenSSL.',
    },
    {
      debianPackage: 'prometheus',
      find: runs('promtool', '--version'),
      without: 'the tests of monitoring/ will fail. Install Prometheus with its promtool.',
    },
  ],
  /** Beside those of the tests. */
  servers: [
    {
      debianPackage: 'iproute2',
      find: () => findProgram('ip'),
      without: 'the tests of three servers will fail. Install iproute2.',
    },
    {
      debianPackage: 'nftables',
      find: () => findProgram('nft'),
      without: 'the tests of three servers will fail. Install nftables.',
    },
  ],
  check: [
    {
      debianPackage: 'shellcheck',
      find: runs('shellcheck', '--version'),
      without: 'shell scripts will not be checked. Install ShellCheck.',
    },
  ],
};

const runAsRoot = (...command) => {
  const whole = process.getuid?.() === 0 ? command : ['sudo', '-n', ...command];
  const [program, ...args] = whole;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
};

const { tests, servers, check } = PROGRAMS;
const wanted = { check, servers: [...tests, ...servers] }[process.argv[2]] ?? tests;
const missing = () => wanted.filter(({ find }) => find() === null);

const install = (...packages) =>
  runAsRoot('apt-get', 'install', '-qq', '--yes', '--no-install-recommends', ...packages);

const packages = missing().map(({ debianPackage }) => debianPackage);
if (packages.length > 0) {
  console.log(`Installing what is missing (apt-get install ${packages.join(' ')}) ...`);
  runAsRoot('apt-get', 'update', '-qq');
  const alone = missing().filter(({ isAlone }) => isAlone);
  const together = missing().filter(({ isAlone }) => !isAlone);
  if (together.length > 0) install(...together.map(({ debianPackage }) => debianPackage));
  for (const { debianPackage } of alone) install(debianPackage);
  // Debian's starts at once and with the machine; the tests start their own.
  const services = { 'nginx-light': 'nginx', 'nats-server': 'nats-server', prometheus: 'prometheus' };
  for (const [debianPackage, service] of Object.entries(services)) {
    if (packages.includes(debianPackage) && existsSync('/run/systemd/system')) {
      runAsRoot('systemctl', 'disable', '--now', service);
    }
  }
  for (const { debianPackage, without } of missing()) {
    console.warn(`There is no ${debianPackage} here, and apt-get could not install it: ${without}`);
  }
}
