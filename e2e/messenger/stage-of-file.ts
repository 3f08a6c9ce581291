import { startStage, type Stage, type StageOptions } from '@restante/testkit/messenger';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

/** One stage for all tests of a file. After each of them everybody leaves, and no page has said what was not expected. */
export const stageOfFile = (options?: StageOptions): (() => Stage) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage(options);
  });
  afterAll(() => stage[Symbol.asyncDispose]());
  afterEach(async () => expect(await stage.clear()).toEqual([]));
  return () => stage;
};
