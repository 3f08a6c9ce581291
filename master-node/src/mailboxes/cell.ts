import { createHash } from 'node:crypto';
import type { AccountId, BlobId } from '@restante/protocol';

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

type Named = { readonly name: string };
type OneOrMore<C> = readonly [C, ...C[]];

/** All cells, and the name of the one that is being added, if any: what is its share lies in the former cells too. */
export type Placement<C extends Named> = { readonly cells: OneOrMore<C>; readonly joining: string | null };

const weight = (cell: string, of: AccountId | BlobId): bigint =>
  createHash('sha256').update(`${cell}\n${of}`).digest().readBigUInt64BE();

/**
 * The cell of an account, by rendezvous hashing: that whose name has the highest weight with it, the first 64 bits of
 * `SHA-256(name "\n" account)`. Every master finds the same one, and a cell that is added takes its share of the accounts from all others
 * alike, moving nobody else.
 */
export const cellOf = <C extends Named>(account: AccountId, cells: OneOrMore<C>): C => {
  if (cells.length === 1) return cells[0];
  const weighed = cells.map((cell) => ({ cell, weight: weight(cell.name, account) }));
  return weighed.reduce((best, next) => (next.weight > best.weight ? next : best)).cell;
};

/** Cells in which a blob may be, found from its id like the cell of an account: the one that it is in, unless cells were added since it was stored, first. */
export const cellsByBlob = <C extends Named>(blob: BlobId, cells: OneOrMore<C>): readonly C[] =>
  cells
    .map((cell) => ({ cell, weight: weight(cell.name, blob) }))
    .sort((a, b) => (a.weight > b.weight ? -1 : 1))
    .map(({ cell }) => cell);

/** The cells in which an account's mail is written, read and deleted: its own; and the one before, while its own is being added. */
export const cellsOf = <C extends Named>(
  account: AccountId,
  { cells, joining }: Placement<C>,
): OneOrMore<C> => {
  const own = cellOf(account, cells);
  const [first, ...others] = cells.filter(({ name }) => name !== joining);
  if (own.name !== joining || first === undefined) return [own];
  return [own, cellOf(account, [first, ...others])];
};
