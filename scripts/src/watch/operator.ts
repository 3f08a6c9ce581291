import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { counterOf, networkOf, ServiceError } from '@restante/service-kit';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Who may see what the public should not. */
export type Operator = {
  /**
   * A token that tells the operator from then on.
   *
   * @throws ServiceError `rate-limited`, `unauthorized`
   */
  readonly logIn: (password: string, address: string) => Promise<string>;
  readonly isToken: (token: string) => boolean;
};

/** A working day. */
export const LOGIN_MS = 8 * 3_600_000;
/** Of one address. */
const ATTEMPTS_PER_MINUTE = 10;

const PASSWORD = /^[\x21-\x7e]{16,200}$/;

/** Whether it may be guessed for years: from 16 visible characters on. */
export const isOperatorPassword = (text: string): boolean => PASSWORD.test(text);

/** Tokens end with this process, which alone has their key. */
export const createOperator = (password: string, now: () => number = Date.now): Operator => {
  const key = randomBytes(32);
  const sign = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const expected = sign(password);
  const attempts = new RateLimiterMemory({ points: ATTEMPTS_PER_MINUTE, duration: 60 });
  const tokenUntil = (text: string): string => `${text}.${sign(`until ${text}`).toString('base64url')}`;
  return {
    logIn: async (given, address) => {
      try {
        await attempts.consume(counterOf(networkOf(address)));
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        throw new ServiceError('rate-limited', 'too many attempts', { retryAfterMs: refusal.msBeforeNext });
      }
      if (!timingSafeEqual(sign(given), expected)) {
        throw new ServiceError('unauthorized', 'this is not the password of the operator');
      }
      return tokenUntil(String(now() + LOGIN_MS));
    },
    isToken: (token) => {
      const [, until] = /^(\d{1,16})\.[\w-]{43}$/.exec(token) ?? [];
      if (until === undefined || Number(until) <= now()) return false;
      return timingSafeEqual(Buffer.from(token), Buffer.from(tokenUntil(until)));
    },
  };
};
