import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readOptions, UsageError, type Command, type CommandContext } from '../cli/command.ts';
import { table } from '../cli/table.ts';
import { applyMesh } from '../mesh/apply-mesh.ts';
import type { MeshComparison } from '../mesh/compare-mesh.ts';
import { inspectMesh } from '../mesh/inspect-mesh.ts';
import { probeMeshCredentials } from '../mesh/mesh-node.ts';
import { findTarget, TARGET_HELP, type Target } from './target.ts';

const options = z.strictObject({
  'dry-run': z.boolean().default(false),
  verify: z.boolean().default(false),
  json: z.boolean().default(false),
  wait: z.coerce.number().int().min(0).max(600).default(20),
});

const LOOK_AGAIN_MS = 250;

const look = async ({ nodes, elsewhere, scope }: Target): Promise<MeshComparison> =>
  (await inspectMesh(nodes, elsewhere, scope)).mesh;

/** The credentials of the mesh, tried on the nodes that answer. */
const probe = async ({ nodes }: Target, { databases: [database] }: MeshComparison): Promise<string[]> => {
  if (database === undefined) return [];
  return (await Promise.all(nodes.map((node) => probeMeshCredentials(node, database)))).flat();
};

/** Looks until jobs that are about to run do, or `waitMs` is over. A node that is down is not waited for. */
const settle = async (target: Target, waitMs: number, signal: AbortSignal): Promise<MeshComparison> => {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const mesh = await look(target);
    const isStarting = mesh.replications.some(({ state }) => state !== 'running' && state !== 'unknown');
    if (!isStarting || performance.now() >= deadline) return mesh;
    await sleep(LOOK_AGAIN_MS, undefined, { signal });
  }
};

type Outcome = {
  readonly mesh: MeshComparison;
  readonly changes: readonly { node: string; action: string; id: string }[];
  readonly problems: readonly string[];
};

const show = ({ print }: CommandContext, { mesh, changes, problems }: Outcome, isDryRun: boolean): void => {
  for (const { node, action, id } of changes) print(`${isDryRun ? 'would ' : ''}${action} on ${node}: ${id}`);
  if (mesh.databases.length > 0) {
    const running = (node: string, database: string): string => {
      const ours = mesh.replications.filter((one) => one.node === node && one.database === database);
      return `${ours.filter(({ state }) => state === 'running').length} of ${ours.length}`;
    };
    const nodes = [...new Set(mesh.replications.map(({ node }) => node))];
    print(
      table([
        ['database', ...nodes.map((node) => `${node} pulls`)],
        ...mesh.databases.map((database) => [database, ...nodes.map((node) => running(node, database))]),
      ]),
    );
  }
  for (const problem of problems) print(`problem: ${problem}`);
  const total = mesh.replications.length;
  if (problems.length === 0) print(`The mesh is whole: ${total} replications run.`);
  else print('The mesh is not whole.');
};

const run = async (context: CommandContext): Promise<number> => {
  const flags = readOptions(
    context.args,
    {
      'dry-run': { type: 'boolean' },
      verify: { type: 'boolean' },
      json: { type: 'boolean' },
      wait: { type: 'string' },
    },
    options,
  );
  if (flags['dry-run'] && flags.verify) throw new UsageError('--dry-run and --verify exclude each other');
  const target = await findTarget(context.environment);
  const waitMs = flags.wait * 1000;

  const before = flags.verify ? await settle(target, waitMs, context.signal) : await look(target);
  const actions = flags.verify ? [] : before.actions;
  const isWritten = !flags['dry-run'] && !flags.verify;
  const failures = isWritten ? await applyMesh(target.nodes, actions) : [];
  const mesh = isWritten ? await settle(target, waitMs, context.signal) : before;
  const outcome: Outcome = {
    mesh,
    changes: actions.map(({ node, action, id }) => ({ node, action, id })),
    problems: [...new Set([...failures, ...(await probe(target, mesh)), ...mesh.problems])],
  };

  if (flags.json) {
    const { databases, replications } = mesh;
    const { changes, problems } = outcome;
    context.print(
      JSON.stringify({ whole: problems.length === 0, databases, replications, changes, problems }, null, 2),
    );
  } else {
    show(context, outcome, flags['dry-run']);
  }
  return outcome.problems.length === 0 ? 0 : 1;
};

export const setupReplication: Command = {
  summary: 'creates, repairs and verifies the mesh of replications',
  help: `
Usage: npm run setup-replication [-- --dry-run | --verify] [--wait <seconds>] [--json]

Makes the mesh whole: every node pulls every bucket from each other node, six one-way replications per database. Masters
carry the directory. Can be run again at any time; the mailbox nodes keep their own pulls in the same way.

  --dry-run  tells what it would do, writes nothing
  --verify   only looks whether every replication is there, as it should be, and running; writes nothing
  --wait     how long replications may take to run, in seconds (default 20)
  --json     the outcome as JSON

${TARGET_HELP}

Exit code: 0 the mesh is whole, 1 it is not (the problems are told), 2 bad options or environment.
`,
  run,
};
