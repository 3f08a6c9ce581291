import { expect, it } from 'vitest';
import { createRefusedWrites } from './refused-writes.ts';

it('refused writes are counted by peer and reason, from zero on; those of nobody are not', () => {
  const refused = createRefusedWrites(['node2', 'node3']);
  const none = { deletion: 0, attachment: 0, id: 0, canary: 0, revision: 0, fields: 0 };
  expect(refused.counts()).toEqual({ node2: none, node3: none });
  refused.note('node2', 'deletion');
  refused.note('node2', 'deletion');
  refused.note('node3', 'id');
  refused.note('node9', 'id');
  expect(refused.counts()).toEqual({ node2: { ...none, deletion: 2 }, node3: { ...none, id: 1 } });
});
