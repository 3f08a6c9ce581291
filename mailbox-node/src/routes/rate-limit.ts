import { ServiceError } from '@restante/service-kit';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Counts one request of `key`. @throws ServiceError `rate-limited` above the limit */
export type RateLimit = (key: string) => Promise<void>;

export const createRateLimit = (requestsPerMinute: number): RateLimit => {
  const limiter = new RateLimiterMemory({ points: requestsPerMinute, duration: 60 });
  return async (key) => {
    try {
      await limiter.consume(key);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw new ServiceError('rate-limited', 'too many requests', { retryAfterMs: refusal.msBeforeNext });
    }
  };
};
