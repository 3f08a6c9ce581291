import type { Facts } from './facts.ts';
import type { Finding } from './violation.ts';

/** What was begun and not ended is gone from all nodes in the end, and what one of them had whole is at all of them as it was. */

/** A disk that was lost a moment before may have been one that was written to. */
const LATE_MS = 15_000;

export const uploads = (facts: Facts): Finding[] => {
  const last = facts.lines.findLast((line) => line.type === 'blobs');
  if (last === undefined) return [];
  return facts.lines.flatMap((line): Finding[] => {
    if (line.type !== 'upload') return [];
    const { blob, parts: whole } = line;
    const shownBy = [line.at, last.at];
    return last.nodes.flatMap(({ node, blobs }): Finding[] => {
      const here = blobs[blob] ?? [];
      if (whole === null)
        return here.every((part) => part === null)
          ? []
          : [
              {
                law: 'whole-or-gone',
                what: `half the upload ${blob} is still at ${node}`,
                shownBy,
                about: {},
              },
            ];
      if (here.length === whole.length && whole.every((digest, part) => here[part] === digest)) return [];
      const what = `the file ${blob} was whole at a node, and is not at ${node}`;
      return facts.disksLostAt.some((at) => at > line.at - LATE_MS)
        ? [{ policy: 'files on a disk that was lost', what }]
        : [{ law: 'whole-or-gone', what, shownBy, about: {} }];
    });
  });
};
