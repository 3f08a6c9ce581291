import { afterAll, beforeAll, expect, test } from 'vitest';
import { KINDS } from './inputs/input.ts';
import { run } from './run/run.ts';
import { startStage, type Stage } from './stage/stage.ts';
import { endpointsIn, protocolPage } from './surface/endpoints.ts';

/** The short form of `npm run fuzz`: as many inputs as it takes to come to each endpoint and frame several times. */

const SEED = 2;
const INPUTS = 2_000;
/** How long an answer took is for the command to judge. */
const TIMED = new Set(['late']);

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

test(
  `${INPUTS} inputs (seed ${SEED}) end no service, are answered, and people go on`,
  { timeout: 240_000 },
  async () => {
    const { inputs, findings, answers, targets } = await run(
      stage,
      { seed: SEED, from: 0, inputs: INPUTS, minutes: Infinity, kinds: KINDS, atOnce: 24 },
      () => undefined,
    );
    expect(findings.filter(({ kind }) => !TIMED.has(kind))).toEqual([]);
    expect(inputs).toBe(INPUTS);
    const endpoints = endpointsIn(protocolPage()).map(
      ({ service, method, path }) => `${service} ${method} ${path}`,
    );
    const frames = stage.frames.map(({ type }) => type);
    expect([...endpoints, ...frames, 'GET /ws'].filter((target) => !targets.has(target))).toEqual([]);

    // What is behind the checks is reached as well.
    const answersOf = (kind: (typeof KINDS)[number]): string[] => [...(answers.get(kind)?.keys() ?? [])];
    expect(answersOf('requests')).toEqual(
      expect.arrayContaining(['200', '201', '400', '401', '404', '405', '413']),
    );
    expect(answersOf('requests')).not.toContain('429');
    const answered = [
      'accepted',
      'acknowledged',
      'pong',
      'taken',
      'refused devices-changed',
      'error bad-request',
      'closed 1003',
    ];
    expect(answersOf('frames')).toEqual(expect.arrayContaining(answered));
    expect(answersOf('bytes')).toEqual(expect.arrayContaining(['101', '200', '400', '401', 'closed']));
    expect(answersOf('documents')).toEqual(expect.arrayContaining(['read']));
  },
);
