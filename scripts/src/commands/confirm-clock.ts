import { nodeDatabase } from '@restante/protocol';
import { BELIEVED_STEP_MS } from '@restante/service-kit';
import { z } from 'zod';
import { readOptions, UsageError, type Command } from '../cli/command.ts';
import { table } from '../cli/table.ts';
import { explainNodeError } from '../mesh/mesh-node.ts';
import { readConfirmedTime, writeConfirmedTime } from '../state/confirmed-time.ts';
import { findTarget, TARGET_HELP } from './target.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const options = z.strictObject({ today: z.iso.date().optional() });

const text = (timeMs: number): string => new Date(timeMs).toISOString();

/** Whether this clock says the date that a person says. People's days begin up to 14 hours before those of UTC, or 12 after. */
const isDate = (timeMs: number, date: string): boolean => {
  const start = Date.parse(date);
  return timeMs >= start - DAY_MS && timeMs < start + 2 * DAY_MS;
};

export const confirmClock: Command = {
  summary: 'says to all nodes that the clock is right, after they have been off for long',
  help: `
Usage: npm run confirm-clock [-- --today <date>]

Nodes drop what has expired only by a time that is confirmed: one that they have lived through, that a peer has, or that
somebody says. When all of them were off for more than a week, or their clocks were wrong, they wait for that. Without an
option this tells what each node has confirmed, and writes nothing.

  --today  today's date, as a calendar or a watch has it (2026-11-26): confirms this machine's time to all nodes. Refused
           when this machine's clock says another date.

${TARGET_HELP}

Exit code: 0 all nodes have a time to go by, 1 one has not or did not answer, 2 bad options or environment.
`,
  run: async ({ args, environment, print }) => {
    const { today } = readOptions(args, { today: { type: 'string' } }, options);
    const nowMs = Date.now();
    if (today !== undefined && !isDate(nowMs, today)) {
      throw new UsageError(`--today: this machine's clock says ${text(nowMs)}: one of the two is wrong`);
    }
    const { nodes, scope } = await findTarget(environment);
    const database = nodeDatabase(scope.databasePrefix);
    const rows: string[][] = [];
    const problems: string[] = [];
    for (const node of nodes) {
      try {
        const before = await readConfirmedTime(node, database);
        if (today !== undefined) await writeConfirmedTime(node, database, nowMs);
        const known = today === undefined ? before : nowMs;
        rows.push([node.name, ...[before, known].map((time) => (time === null ? '-' : text(time)))]);
        if (known === null) problems.push(`${node.name} has no confirmed time yet`);
        else if (Math.abs(nowMs - known) > BELIEVED_STEP_MS) {
          const days = ((nowMs - known) / DAY_MS).toFixed(1);
          problems.push(`${node.name} does not believe this machine's clock, which is ${days} days later`);
        }
      } catch (error) {
        problems.push(explainNodeError(node, error));
      }
    }
    print(`${table([['node', 'confirmed before', 'confirmed now'], ...rows])}\n`);
    print(`this machine: ${text(nowMs)}`);
    for (const problem of problems) print(`problem: ${problem}`);
    return problems.length === 0 ? 0 : 1;
  },
};
