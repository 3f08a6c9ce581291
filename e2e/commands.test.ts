import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Each command tells what it does, and the docs tell the same. What they do has tests of its own. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SCRIPTS = [
  'demo',
  'setup-replication',
  'status',
  'confirm-clock',
  'conflicts',
  'invites',
  'move-accounts',
  'verify-messenger',
];

const COMMANDS = [
  { name: 'npm start', command: [process.execPath, 'scripts/src/start.ts'], docs: 'docs/operations.md' },
  ...SCRIPTS.map((name) => ({
    name: `npm run ${name}`,
    command: [process.execPath, 'scripts/src/main.ts', name],
    docs: 'docs/operations.md',
  })),
  { name: 'npm run bench', command: [process.execPath, 'bench/src/main.ts'], docs: 'bench/README.md' },
  { name: 'scripts/deploy', command: ['scripts/deploy'], docs: 'docs/operations.md' },
];

describe.each(COMMANDS)('$name', ({ name, command, docs }) => {
  const run = (...args: string[]) => {
    const [program = '', ...first] = command;
    return spawnSync(program, [...first, ...args], { cwd: ROOT, encoding: 'utf8' });
  };

  it('--help tells its options, and so do the docs', () => {
    const { status, stdout, stderr } = run('--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(name);
    const text = readFileSync(`${ROOT}/${docs}`, 'utf8');
    expect(text.includes(name)).toBe(true);
    const options = new Set([...stdout.matchAll(/^ {2,}(--[a-z-]+)/gm)].map(([, option]) => option));
    options.delete('--help');
    expect(options.size).toBeGreaterThan(0);
    expect([...options].filter((option) => !text.includes(option ?? ''))).toEqual([]);
  });

  it('takes no option that it does not know', () => {
    const { status, stdout, stderr } = run('--unknown');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('--unknown');
  });
});
