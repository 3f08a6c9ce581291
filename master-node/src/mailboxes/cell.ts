import { createHash } from 'node:crypto';
import type { AccountId } from '@restante/protocol';

/** One mailbox node as this master sees it. */
export type CellNode = {
  readonly name: string;
  /** Base URL for this master. */
  readonly url: string;
  /** Base URL for clients, absolute or a path of the master's origin. */
  readonly publicUrl: string;
};

/** Mailbox nodes with their mesh, and the accounts whose mail they hold. */
export type Cell = { readonly name: string; readonly nodes: readonly CellNode[] };

const weight = (cell: string, account: AccountId): bigint =>
  createHash('sha256').update(`${cell}\n${account}`).digest().readBigUInt64BE();

/**
 * The cell of an account, by rendezvous hashing: every master finds the same one, and a cell that is added takes
 * its share of the accounts from all others alike, moving nobody else.
 */
export const cellOf = <C extends { readonly name: string }>(
  account: AccountId,
  cells: readonly [C, ...C[]],
): C => {
  if (cells.length === 1) return cells[0];
  const weighed = cells.map((cell) => ({ cell, weight: weight(cell.name, account) }));
  return weighed.reduce((best, next) => (next.weight > best.weight ? next : best)).cell;
};
