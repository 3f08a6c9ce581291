import { directoryDatabase, nodeDatabase } from '@restante/protocol';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readOptions, UsageError, type Command, type CommandContext } from '../cli/command.ts';
import { table } from '../cli/table.ts';
import type { MeshReplication } from '../mesh/compare-mesh.ts';
import { inspectMesh } from '../mesh/inspect-mesh.ts';
import { explainNodeError, type MeshNode } from '../mesh/mesh-node.ts';
import { readClusterState, type ClusterState } from '../state/cluster-state.ts';
import { createConflictScan, type LiveConflict } from '../state/conflict-scan.ts';
import { countDatabase, type DatabaseCount } from '../state/database-counts.ts';
import { findTarget, TARGET_HELP, type Target } from './target.ts';

const options = z.strictObject({ watch: z.boolean().default(false), json: z.boolean().default(false) });

const WATCH_EVERY_MS = 2_000;

type Status = ClusterState & {
  readonly databases: readonly string[];
  readonly counts: readonly DatabaseCount[];
  readonly replications: readonly MeshReplication[];
  readonly conflicts: readonly LiveConflict[];
};

type Question<T> = { readonly node: MeshNode; readonly about: string; readonly answer: Promise<T> };

/** Answers that came, and a sentence for each that did not: what was not read is not taken for well. */
const settled = async <T>(
  questions: readonly Question<T>[],
): Promise<{ answers: T[]; problems: string[] }> => {
  const answers: T[] = [];
  const problems: string[] = [];
  const results = await Promise.allSettled(questions.map(({ answer }) => answer));
  for (const [index, result] of results.entries()) {
    const question = questions[index];
    if (result.status === 'fulfilled') answers.push(result.value);
    else if (question !== undefined) {
      problems.push(`${question.about}: ${explainNodeError(question.node, result.reason)}`);
    }
  }
  return { answers, problems };
};

const createStatusReader = (target: Target): (() => Promise<Status>) => {
  const scans = target.nodes.map((node) =>
    createConflictScan(node, nodeDatabase(target.scope.databasePrefix)),
  );
  const directory = directoryDatabase(target.scope.databasePrefix);
  return async () => {
    const [state, { inspections, mesh }] = await Promise.all([
      readClusterState(target.masterUrls, target.mailboxNodeUrls),
      inspectMesh(target.nodes, target.elsewhere, target.scope),
    ]);
    const { replications, problems } = mesh;
    const databases = [directory, ...mesh.databases];
    const present = inspections.flatMap((inspection, index) =>
      databases
        .filter((database) => inspection.databases.includes(database))
        .map((database) => ({ node: inspection.node, scan: scans[index], database })),
    );
    const counts = await settled(
      present.map(({ node, database }) => ({
        node,
        about: `${database} was not counted`,
        answer: countDatabase(node, database, database !== directory),
      })),
    );
    const conflicts = await settled(
      present.flatMap(({ node, scan, database }) =>
        scan === undefined
          ? []
          : [{ node, about: `conflicts of ${database} were not read`, answer: scan(database) }],
      ),
    );
    const found = conflicts.answers.flat();
    return {
      ...state,
      databases,
      counts: counts.answers,
      replications,
      conflicts: found,
      problems: [
        ...state.problems,
        ...problems,
        ...counts.problems,
        ...conflicts.problems,
        ...found.map(({ node, database, id }) => `conflict on ${node} in ${database}: ${id}`),
      ],
    };
  };
};

const seconds = (value: number | null): string => (value === null ? '-' : `${value.toFixed(1)} s`);

const parts = ({ masters, nodes }: Status): string => {
  const stateOf = (up: boolean, ready: boolean): string => {
    if (!up) return 'down';
    return ready ? 'ready' : 'not ready';
  };
  return table([
    ['part', 'state', 'couchdb', 'databases', 'pulls', 'lag'],
    ...masters.map(({ name, up, ready }) => [name, stateOf(up, ready), '-', '-', '-', '-']),
    ...nodes.map(({ name, up, ready, couchdbUp, databases, pulls, lagSeconds }) => [
      name,
      stateOf(up, ready),
      couchdbUp ? 'up' : 'down',
      databases === null ? '-' : String(databases),
      `${pulls.running} of ${pulls.wanted}`,
      seconds(lagSeconds),
    ]),
  ]);
};

/** Documents of each database on each node; for buckets, the messages that wait. */
const holdings = ({ databases, counts, replications }: Status): string => {
  const nodes = [...new Set(replications.map(({ node }) => node))];
  const cell = (node: string, database: string): string => {
    const count = counts.find((one) => one.node === node && one.database === database);
    if (count === undefined) return '-';
    return database.endsWith('directory') ? `${count.documents} documents` : `${count.waiting} waiting`;
  };
  const mesh = (database: string): string => {
    const all = replications.filter((one) => one.database === database);
    if (all.length === 0) return '-';
    return `${all.filter(({ state }) => state === 'running').length} of ${all.length}`;
  };
  return table([
    ['database', ...nodes, 'mesh'],
    ...databases.map((database) => [database, ...nodes.map((node) => cell(node, database)), mesh(database)]),
  ]);
};

const show = ({ print }: CommandContext, status: Status): void => {
  print(`${parts(status)}\n`);
  if (status.databases.length > 0) print(`${holdings(status)}\n`);
  print(`conflicts: ${status.conflicts.length}`);
  for (const problem of status.problems) print(`problem: ${problem}`);
  if (status.problems.length === 0) print('All is well.');
};

const run = async (context: CommandContext): Promise<number> => {
  const { print, paint, isTerminal, signal } = context;
  const flags = readOptions(context.args, { watch: { type: 'boolean' }, json: { type: 'boolean' } }, options);
  if (flags.watch && flags.json) throw new UsageError('--watch and --json exclude each other');
  const read = createStatusReader(await findTarget(context.environment));
  for (;;) {
    const status = await read();
    if (flags.json) print(JSON.stringify(status, null, 2));
    else {
      if (flags.watch && isTerminal) paint('\u001b[2J\u001b[H');
      show(context, status);
    }
    const exitCode = status.problems.length === 0 ? 0 : 1;
    if (!flags.watch) return exitCode;
    await sleep(WATCH_EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return exitCode;
  }
};

export const status: Command = {
  summary: 'what runs, what is held, whether the mesh is whole',
  help: `
Usage: npm run status [-- --watch | --json]

Shows masters and nodes, databases and the messages that wait in each bucket, the mesh with its lag, conflicts that
nobody has resolved, and in one line each what is wrong.

  --watch  again every two seconds, until Ctrl-C
  --json   as JSON

${TARGET_HELP}

Exit code: 0 all is well, 1 something is wrong (the problems are told), 2 bad options or environment.
`,
  run,
};
