import { directoryDatabase, nodeDatabase } from '@restante/protocol';
import { toCouchError } from '@restante/service-kit';
import { z } from 'zod';
import { readOptions, type Command } from '../cli/command.ts';
import { explainNodeError } from '../mesh/mesh-node.ts';
import { createConflictScan, type LiveConflict } from '../state/conflict-scan.ts';
import { readResolvedConflicts, type ResolvedConflict } from '../state/resolved-conflicts.ts';
import { findTarget, TARGET_HELP } from './target.ts';

const options = z.strictObject({ json: z.boolean().default(false) });

/** The fields of a resolved conflict in one line, without CouchDB's own. */
const line = ({ _id, ...fields }: ResolvedConflict): string => {
  const shown = Object.entries(fields)
    .filter(([name]) => !name.startsWith('_'))
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `resolved  ${_id}  ${shown.join(', ')}`;
};

export const conflicts: Command = {
  summary: 'conflicts in the directory, resolved and not',
  help: `
Usage: npm run conflicts [-- --json]

Lists the conflicts of accounts, devices and usernames that masters have resolved, and documents that still have more
than one live revision. Changes nothing but the place in each database up to which it has read.

  --json  as JSON

${TARGET_HELP}

Exit code: 0 nothing is unresolved, 1 something is or a node did not answer, 2 bad options or environment.
`,
  run: async ({ args, environment, print }) => {
    const flags = readOptions(args, { json: { type: 'boolean' } }, options);
    const { nodes, scope } = await findTarget(environment);
    const database = directoryDatabase(scope.databasePrefix);
    const own = nodeDatabase(scope.databasePrefix);
    const resolved = new Map<string, ResolvedConflict>();
    const unresolved: LiveConflict[] = [];
    const problems: string[] = [];
    await Promise.all(
      nodes.map(async (node) => {
        try {
          for (const conflict of await readResolvedConflicts(node, database))
            resolved.set(conflict._id, conflict);
          unresolved.push(...(await createConflictScan(node, own)(database)));
        } catch (error) {
          problems.push(explainNodeError(node, toCouchError(error)));
        }
      }),
    );
    const sorted = [...resolved.values()].sort((a, b) => (a._id < b._id ? -1 : 1));
    if (flags.json) {
      print(JSON.stringify({ resolved: sorted, unresolved, problems }, null, 2));
    } else {
      for (const conflict of sorted) print(line(conflict));
      for (const { node, id, revisions } of unresolved) {
        print(`unresolved on ${node}  ${id}  ${revisions.length + 1} live revisions`);
      }
      for (const problem of problems) print(`problem: ${problem}`);
      print(`${sorted.length} resolved, ${unresolved.length} unresolved`);
    }
    return unresolved.length === 0 && problems.length === 0 ? 0 : 1;
  },
};
