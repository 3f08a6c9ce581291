import {
  newEnvelope,
  newMailbox,
  newTestKeys,
  startCouches,
  startTestMesh,
  waitFor,
  type TestMesh,
} from '@restante/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callCommand } from '../testing/call-command.ts';
import { fill } from './fill.ts';

describe('fill', () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh(await startCouches(2), newTestKeys());
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  const call = (...args: string[]) =>
    callCommand(fill, args, { MAILBOX_NODE_URLS: mesh.nodes.map(({ url }) => url).join(',') });

  it('waits until a node has all that the others have', async () => {
    await mesh.nodes[0]!.store(newEnvelope(newMailbox()));
    const run = await call('--node', 'node2', '--wait');
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toContain('0 documents left, has all that the others have');
    await waitFor('both', async () => (await call('--node', 'node1', '--json')).code === 0);
  });

  it('does not wait for what is not there', async () => {
    expect(await call('--node', 'node3')).toMatchObject({
      code: 2,
      err: expect.stringContaining('no node node3 that answers') as string,
    });
    expect((await call()).code).toBe(2);
  });
});
