import type { NamedUrl } from '../state/cluster-state.ts';
import { createReading } from './reading.ts';
import { askServer, type ServerState } from './server-state.ts';

/** A server of the cell, by the name that people know. */
export type CellServer = {
  readonly name: string;
  /** Null: it does not answer. */
  readonly state: ServerState | null;
};

export type CellState = {
  readonly servers: readonly CellServer[];
  /** One sentence for each thing that is wrong. Empty: all is well. */
  readonly problems: readonly string[];
};

const FRESH_MS = 2_000;

const problemsOf = (servers: readonly CellServer[]): string[] =>
  servers.flatMap(({ name, state }) => {
    if (state === null) return [`${name} is missing`];
    return servers.length === 1 ? state.problems : state.problems.map((problem) => `${name}: ${problem}`);
  });

/** Whether people can use it. */
export const isServing = ({ state }: CellServer): boolean =>
  state?.masters.some(({ ready }) => ready) ?? false;

/** WebSockets that are open at a server; null when it is not known. */
export const connectionsOf = ({ state }: CellServer): number | null => {
  const known = state?.masters.flatMap(({ connections }) => connections ?? []) ?? [];
  return known.length === 0 ? null : known.reduce((sum, connections) => sum + connections, 0);
};

/**
 * What all servers of a cell tell, in their order, read when it is asked for, and at most every two seconds. `own`: this one, and what it
 * tells of itself; of the others, where their watches are.
 */
export const watchCell = (
  servers: readonly NamedUrl[],
  own: { readonly name: string; readonly state: () => Promise<ServerState> },
): (() => Promise<CellState>) =>
  createReading(async () => {
    const found = await Promise.all(
      servers.map(async ({ name, url }) => ({
        name,
        state: await (name === own.name ? own.state() : askServer(url)),
      })),
    );
    return { servers: found, problems: problemsOf(found) };
  }, FRESH_MS);
