import { ServiceError } from '@restante/service-kit';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Counts one, or as many as are given, of `key`. @throws ServiceError `rate-limited` above the limit */
export type RateLimit = (key: string, count?: number) => Promise<void>;

export const createRateLimit = (perMinute: number): RateLimit => {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  return async (key, count = 1) => {
    try {
      await limiter.consume(key, count);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw new ServiceError('rate-limited', 'too many requests', { retryAfterMs: refusal.msBeforeNext });
    }
  };
};
