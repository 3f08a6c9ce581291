import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { waitFor } from '@restante/testkit';

/** Takes all files at `fill`, also those that come free while it has them, and gives them back at `free`. */
const program = `
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createLog, watchOpenFiles } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)};
await using watch = watchOpenFiles(createLog('fixture', 'info'), 10);
const held = [];
const fill = () => { try { for (;;) held.push(openSync('/dev/null')); } catch {} };
let filling;
for await (const line of createInterface(process.stdin)) {
  clearInterval(filling);
  if (line === 'free') while (held.length > 0) closeSync(held.pop());
  else filling = setInterval(fill, 1);
}
clearInterval(filling);
`;

it('a process without files says so once each time, and when it has some again', async () => {
  const limited = ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, program];
  const child = spawn('sh', limited, { stdio: ['pipe', 'pipe', 'inherit'] });
  const events: string[] = [];
  createInterface(child.stdout).on('line', (line) => {
    events.push((JSON.parse(line) as { event: string }).event);
  });
  const expected: string[] = [];
  for (let time = 0; time < 2; time += 1) {
    child.stdin.write('fill\n');
    expected.push('open-files-exhausted');
    await waitFor('it is told', () => events.length >= expected.length);
    child.stdin.write('free\nfill\nfree\n');
    expected.push('open-files-recovered');
    await waitFor('the end is told', () => events.length >= expected.length);
    expect(events).toEqual(expected);
  }
  child.stdin.end();
  await once(child, 'exit');
  expect(events).toEqual(expected);
});
