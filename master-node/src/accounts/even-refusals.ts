import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '@restante/service-kit';

/**
 * Has refusals leave in even steps of time: how long it took to look for a username that is not there, or to read an account that is,
 * cannot be told from outside, but when it comes to lie around a step.
 */
export type EvenRefusals = <T>(work: () => Promise<T>) => Promise<T>;

const STEP_MS = 250;

/** `monotonic`: milliseconds since any moment. */
export const createEvenRefusals =
  (
    monotonic: () => number = () => performance.now(),
    pause: (ms: number) => Promise<unknown> = (ms) => sleep(ms),
  ): EvenRefusals =>
  async (work) => {
    const startedAt = monotonic();
    try {
      return await work();
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'unauthorized')
        await pause(STEP_MS - ((monotonic() - startedAt) % STEP_MS));
      throw error;
    }
  };
