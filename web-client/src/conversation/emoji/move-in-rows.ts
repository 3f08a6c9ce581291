/** Cells of a full row. */
export const COLUMNS = 8;

/** How long the rows are that so many cells fill. */
export const rowLengths = (count: number): readonly number[] =>
  Array.from({ length: Math.ceil(count / COLUMNS) }, (_, row) => Math.min(COLUMNS, count - row * COLUMNS));

/** Where an arrow key leads from the cell `index` of a grid whose rows have these lengths; null: not an arrow key. */
export const moveInRows = (rows: readonly number[], index: number, key: string): number | null => {
  const count = rows.reduce((sum, length) => sum + length, 0);
  const starts = rows.map((_, row) => rows.slice(0, row).reduce((sum, length) => sum + length, 0));
  const row = starts.findLastIndex((start) => start <= index);
  const rowStart = starts[row] ?? 0;
  const inRow = (target: number): number => {
    const start = starts[target];
    return start === undefined ? index : start + Math.min(index - rowStart, (rows[target] ?? 1) - 1);
  };
  switch (key) {
    case 'ArrowRight':
      return Math.min(index + 1, count - 1);
    case 'ArrowLeft':
      return Math.max(index - 1, 0);
    case 'ArrowDown':
      return inRow(row + 1);
    case 'ArrowUp':
      return inRow(row - 1);
    case 'Home':
      return rowStart;
    case 'End':
      return rowStart + (rows[row] ?? 1) - 1;
    default:
      return null;
  }
};
