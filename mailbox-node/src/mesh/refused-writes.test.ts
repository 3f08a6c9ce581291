import { describe, expect, it } from 'vitest';
import { createRefusedWrites } from './refused-writes.ts';

const A = 'restante-messages-20250101-from-node2';
const B = 'restante-directory-from-node2';

describe('refused writes', () => {
  it('are counted by peer, over jobs that begin anew', () => {
    const refused = createRefusedWrites(['node2', 'node3']);
    refused.begun(A);
    refused.seen(A, 3);
    refused.seen(A, 3);
    refused.seen(B, 0);
    refused.seen(B, 2);
    expect(refused.counts()).toEqual({ node2: 5, node3: 0 });
    // Its job ended and another one runs.
    refused.seen(A, 1);
    expect(refused.counts()).toEqual({ node2: 6, node3: 0 });
  });

  it('are not those that were counted before the start, nor of others', () => {
    const refused = createRefusedWrites(['node2']);
    refused.seen(A, 7);
    refused.seen('somebody-else', 1);
    refused.seen('restante-directory-from-node9', 1);
    refused.seen('restante-directory-from-node9', 5);
    expect(refused.counts()).toEqual({ node2: 0 });
    refused.seen(A, 8);
    expect(refused.counts()).toEqual({ node2: 1 });
  });
});
