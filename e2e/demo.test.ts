import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const main = fileURLToPath(new URL('../scripts/src/main.ts', import.meta.url));
const run = promisify(execFile);

it('the demo ends with five zeros and exit code 0', { timeout: 180_000 }, async () => {
  // A rejection would hold the exit code.
  const { stdout } = await run(process.execPath, [main, 'demo', '--messages', '60', '--json']);
  const result = JSON.parse(stdout) as { sent: number };
  expect(result.sent).toBeGreaterThanOrEqual(60);
  const killed = process.env['COUCHDB_URLS'] ? ['node3', 'master1'] : ['couch2', 'node3', 'master1'];
  expect(result).toMatchObject({
    killed,
    accepted: result.sent,
    received: result.sent,
    inOrder: true,
    lost: 0,
    shownTwice: 0,
    left: 0,
    conflicts: 0,
    plaintext: 0,
  });
});
