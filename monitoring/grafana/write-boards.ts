import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { BOARDS, type Board } from './boards.ts';
import { renderBoard } from './render-board.ts';

/** Where a board's JSON is kept; Grafana reads this folder. */
export const boardFile = ({ uid }: Board): string =>
  fileURLToPath(new URL(`dashboards/${uid}.json`, import.meta.url));

/** The text of a board's file. */
export const boardText = async (board: Board): Promise<string> => {
  const filepath = boardFile(board);
  return format(JSON.stringify(renderBoard(board), null, 2), {
    ...(await resolveConfig(filepath)),
    filepath,
  });
};

// Run as a program: `node monitoring/grafana/write-boards.ts`.
if (import.meta.main) {
  for (const board of BOARDS) writeFileSync(boardFile(board), await boardText(board));
}
