import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { FAULTS, FAULTS_OF_SERVERS } from '../faults/index.ts';
import { OPERATIONS } from '../operations/index.ts';
import { EVENTS } from '../run/events.ts';
import { makePlan } from './plan.ts';

/** A seed that somebody has written down means the same plan as long as nothing is added to what may be drawn. */
test.each([
  ['on one machine', FAULTS, 'dacd49beae7cb59c'],
  ['in a cell of three servers', FAULTS_OF_SERVERS, '54605fb36db04f82'],
])('seed 1 is the plan that it was, %s', (_where, faults, recorded) => {
  const plan = makePlan({ seed: 1, steps: 150, operations: OPERATIONS, events: EVENTS, faults });
  const digest = createHash('sha256').update(JSON.stringify(plan)).digest('hex');
  expect(digest.slice(0, 16)).toBe(recorded);
});
