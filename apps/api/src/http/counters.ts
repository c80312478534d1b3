/**
 * Counts that run out: in this process, or in Redis where several instances share them.
 *
 * @module
 */
import { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'

export interface Policy {
  name: string
  /** How many calls in one window. */
  calls: number
  windowSeconds: number
}

export interface Count {
  policy: Policy
  isOver: boolean
  remaining: number
  resetSeconds: number
}

export interface Counter {
  policy: Policy
  /** Counts one call, also one too many. */
  take(key: string): Promise<Count>
  /** Takes a counted call back. */
  giveBack(key: string): Promise<void>
  /** Starts the key's window anew. */
  clear(key: string): Promise<void>
  /** Whether the key was counted in this window. */
  isSet(key: string): Promise<boolean>
}

export interface Counters {
  create(policy: Policy): Counter
  end(): void
}

const KEY_PREFIX = 'token-marketplace'
/** A Redis that hangs costs a request this long at most. */
const COMMAND_MS_MAX = 300
const RECONNECT_MS_MAX = 5_000

export function createCounters({ redisUrl, log }: { redisUrl: string | undefined; log: Logger }): Counters {
  const redis = redisUrl === undefined ? undefined : connectRedis(redisUrl, log)
  return {
    create(policy) {
      const options = {
        points: policy.calls,
        duration: policy.windowSeconds,
        keyPrefix: `${KEY_PREFIX}:${policy.name}`,
      }
      const memory = new RateLimiterMemory(options)
      if (!redis) return counterOn(memory, policy)
      const insured = new RateLimiterRedis({
        ...options,
        storeClient: redis,
        rejectIfRedisNotReady: true,
        // While Redis is away every instance counts for itself: looser, never open.
        insuranceLimiter: memory,
      })
      return counterOn(insured, policy)
    },
    end: () => redis?.disconnect(),
  }
}

function counterOn(limiter: RateLimiterMemory | RateLimiterRedis, policy: Policy): Counter {
  const toCount = ({ remainingPoints, msBeforeNext }: RateLimiterRes, isOver: boolean): Count => ({
    policy,
    isOver,
    remaining: Math.max(0, remainingPoints),
    resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)),
  })
  return {
    policy,
    async take(key) {
      try {
        return toCount(await limiter.consume(key), false)
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return toCount(refusal, true)
        throw refusal
      }
    },
    async giveBack(key) {
      await limiter.reward(key)
    },
    async clear(key) {
      await limiter.delete(key)
    },
    isSet: async (key) => ((await limiter.get(key))?.consumedPoints ?? 0) > 0,
  }
}

function connectRedis(url: string, log: Logger): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: COMMAND_MS_MAX,
    connectTimeout: 2_000,
    retryStrategy: (times) => Math.min(times * 200, RECONNECT_MS_MAX),
  })
  let isAway = false
  // Once per outage, not once per attempt.
  redis.on('error', (error: Error) => {
    if (isAway) return
    isAway = true
    log.error(
      { err: error, component: 'rate-limit' },
      'redis is away: every instance counts its own rate limits',
    )
  })
  redis.on('ready', () => {
    if (isAway) log.warn({ component: 'rate-limit' }, 'redis is back: rate limits are counted together again')
    isAway = false
  })
  return redis
}
