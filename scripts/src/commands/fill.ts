import { ConfigError, httpUrls, readEnvironment } from '@restante/service-kit';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readOptions, type Command, type CommandContext } from '../cli/command.ts';
import { readFilling, type Filling } from '../state/filling.ts';

const options = z.strictObject({
  node: z.string().min(1),
  wait: z.boolean().default(false),
  json: z.boolean().default(false),
});
const environment = z.object({ MAILBOX_NODE_URLS: httpUrls });

const LOOK_AGAIN_MS = 1_000;
const BAR_WIDTH = 30;

const line = ({ documents, left, lacks }: Filling): string => {
  const share = documents === 0 ? 1 : (documents - left) / documents;
  const bar = '#'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '.');
  const count = left.toLocaleString('en-US');
  const from = lacks.length === 0 ? 'has all that the others have' : `fills from ${lacks.join(', ')}`;
  return `[${bar}] ${count} documents left, ${from}`;
};

const run = async (context: CommandContext): Promise<number> => {
  const { node, wait, json } = readOptions(
    context.args,
    { node: { type: 'string' }, wait: { type: 'boolean' }, json: { type: 'boolean' } },
    options,
  );
  const { MAILBOX_NODE_URLS } = readEnvironment(environment, context.environment);
  let told = '';
  for (;;) {
    const filling = await readFilling(node, MAILBOX_NODE_URLS);
    if (filling === 'unknown') throw new ConfigError(`MAILBOX_NODE_URLS has no node ${node} that answers`);
    if (json && !wait) context.print(JSON.stringify(filling, null, 2));
    const now = `${node}: ${line(filling)}`;
    if (!json && now !== told) {
      if (context.isTerminal) context.paint(`\r\u001b[K${now}`);
      else context.print(now);
    }
    told = now;
    const isFull = filling.lacks.length === 0;
    if (isFull || !wait) {
      if (context.isTerminal && !json) context.paint('\n');
      return isFull ? 0 : 1;
    }
    await sleep(LOOK_AGAIN_MS, undefined, { signal: context.signal });
  }
};

export const fill: Command = {
  summary: 'how far a mailbox node is that the mesh fills',
  help: `
Usage: node scripts/src/main.ts fill --node <name> [--wait] [--json]

Tells how many documents a node that was empty still lacks, and of which other nodes. Nodes that do not answer are not
waited for.

  --node  name of the node, as node2
  --wait  until it has all, with a bar
  --json  as JSON, once

  MAILBOX_NODE_URLS  all mailbox nodes

Exit code: 0 it has all that the others have, 1 it has not yet, 2 bad options or environment, or there is no such node.
`,
  run,
};
