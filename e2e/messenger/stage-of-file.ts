import { startStage, type Stage, type StartFront } from '@restante/testkit/messenger';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

/** One stage for all tests of a file. After each of them everybody leaves, and no page has said what was not expected. */
export const stageOfFile = (startFront?: StartFront): (() => Stage) => {
  // Longer than what any condition is waited for, so that a failure names its condition.
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage(startFront);
  });
  afterAll(() => stage[Symbol.asyncDispose]());
  afterEach(async () => expect(await stage.clear()).toEqual([]));
  return () => stage;
};
