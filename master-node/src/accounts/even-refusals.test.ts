import { expect, it } from 'vitest';
import { ServiceError } from '@restante/service-kit';
import { createEvenRefusals } from './even-refusals.ts';

const scripted = () => {
  let nowMs = 7;
  const evenly = createEvenRefusals(
    () => nowMs,
    (ms) => Promise.resolve((nowMs += ms)),
  );
  /** How long it is until the answer, when the work takes so long. */
  const takes = async (workMs: number, error: Error | null): Promise<number> => {
    const before = nowMs;
    const work = () => ((nowMs += workMs), error === null ? Promise.resolve() : Promise.reject(error));
    await evenly(work).catch((thrown: unknown) => expect(thrown).toBe(error));
    return nowMs - before;
  };
  return takes;
};

it('refusals take the same time, whatever was looked for', async () => {
  const takes = scripted();
  const refusal = new ServiceError('unauthorized', 'no');
  for (const workMs of [0, 3, 41, 249]) expect(await takes(workMs, refusal)).toBe(250);
  for (const workMs of [251, 499]) expect(await takes(workMs, refusal)).toBe(500);
});

it('nothing else waits', async () => {
  const takes = scripted();
  expect(await takes(41, null)).toBe(41);
  expect(await takes(41, new ServiceError('rate-limited', 'later'))).toBe(41);
});
