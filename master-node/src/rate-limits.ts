import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { counterOf, networkOf, ServiceError } from '@restante/service-kit';
import type { Limits } from './config.ts';
import type { Metrics } from './metrics.ts';
import { deviceKey, type AccountId, type DeviceAddress, type Username } from '@restante/protocol';

/** A rate for each device, address, or username at an address. */
export type RateLimit<K> = {
  /** Takes one, or as many as are given. @throws ServiceError `rate-limited` */
  readonly take: (key: K, count?: number) => Promise<void>;
  /** Undoes one `take` of one. */
  readonly giveBack: (key: K) => Promise<void>;
};

/** Who tries a password: a device of the account itself, or anybody at an address, for a username. */
export type Guesser =
  { readonly device: DeviceAddress } | { readonly address: string; readonly username: Username };

/** What one account does to another: whose keys it fetches, to whom it gives receipts. */
export type Pair = { readonly by: AccountId; readonly of: AccountId };

export type RateLimits = {
  readonly messages: RateLimit<DeviceAddress>;
  readonly signals: RateLimit<DeviceAddress>;
  /** Of messages, not of frames. */
  readonly acknowledged: RateLimit<DeviceAddress>;
  /** Messages in them. Whoever they are for knows what it has sent; beyond the rate they are left out. */
  readonly receipts: RateLimit<Pair>;
  readonly keyFetches: RateLimit<Pair>;
  readonly requests: RateLimit<DeviceAddress>;
  readonly logins: RateLimit<string>;
  readonly loginFailures: RateLimit<Guesser>;
  readonly registrations: RateLimit<string>;
  /** Bytes that new accounts and devices have the directory keep. */
  readonly newDeviceBytes: RateLimit<string>;
  readonly tokens: RateLimit<string>;
  /** Of blobs that an account stores. */
  readonly blobBytes: RateLimit<AccountId>;
  readonly blobReads: RateLimit<DeviceAddress>;
  /** Those that an address opens. */
  readonly rendezvous: RateLimit<string>;
  /** That it reads and writes. */
  readonly rendezvousMessages: RateLimit<string>;
};

const MINUTE_S = 60;
const HOUR_S = 60 * 60;
const DAY_S = 24 * HOUR_S;

const over = (consumed: RateLimiterRes): ServiceError =>
  new ServiceError('rate-limited', 'too many requests', {
    retryAfterMs: Math.max(1, Math.ceil(consumed.msBeforeNext)),
  });

/** Addresses, usernames, and whose keys are asked for or who gets receipts, come from anyone: they are counted by `counterOf`. */
export const createRateLimits = (limits: Limits, rateLimited: Metrics['rateLimited']): RateLimits => {
  const limit = <K>(
    name: keyof RateLimits,
    points: number,
    duration: number,
    text: (key: K) => string,
  ): RateLimit<K> => {
    const limiter = new RateLimiterMemory({ points, duration });
    const refuse = (consumed: RateLimiterRes): never => {
      rateLimited.inc({ limit: name });
      throw over(consumed);
    };
    rateLimited.inc({ limit: name }, 0);
    return {
      take: async (key, count = 1) => {
        try {
          await limiter.consume(text(key), count);
        } catch (consumed) {
          if (!(consumed instanceof RateLimiterRes)) throw consumed;
          refuse(consumed);
        }
      },
      giveBack: async (key) => {
        await limiter.reward(text(key));
      },
    };
  };
  const pair = ({ by, of }: Pair): string => counterOf(`${by} ${of}`);
  const address = (ip: string): string => counterOf(networkOf(ip));
  return {
    messages: limit('messages', limits.messagesPerMinute, MINUTE_S, deviceKey),
    signals: limit('signals', limits.signalsPerMinute, MINUTE_S, deviceKey),
    acknowledged: limit('acknowledged', limits.acknowledgedPerMinute, MINUTE_S, deviceKey),
    receipts: limit('receipts', limits.receiptsPerMinute, MINUTE_S, pair),
    keyFetches: limit('keyFetches', limits.keyFetchesPerHour, HOUR_S, pair),
    requests: limit('requests', limits.requestsPerHour, HOUR_S, deviceKey),
    logins: limit('logins', limits.loginsPerMinute, MINUTE_S, address),
    loginFailures: limit('loginFailures', limits.loginFailuresPerHour, HOUR_S, (guesser) =>
      'device' in guesser
        ? deviceKey(guesser.device)
        : counterOf(`${guesser.username} ${networkOf(guesser.address)}`),
    ),
    registrations: limit('registrations', limits.registrationsPerHour, HOUR_S, address),
    newDeviceBytes: limit('newDeviceBytes', limits.newDeviceBytesPerHour, HOUR_S, address),
    tokens: limit('tokens', limits.tokensPerMinute, MINUTE_S, address),
    blobBytes: limit('blobBytes', limits.blobBytesPerDay, DAY_S, (account) => account),
    blobReads: limit('blobReads', limits.blobReadsPerHour, HOUR_S, deviceKey),
    rendezvous: limit('rendezvous', limits.rendezvousPerHour, HOUR_S, address),
    rendezvousMessages: limit('rendezvousMessages', limits.rendezvousMessagesPerMinute, MINUTE_S, address),
  };
};
