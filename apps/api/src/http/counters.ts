/**
 * Counts that run out: in this process, or in Redis where several instances share them.
 *
 * @module
 */
import { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { WindowCounts } from './window-counts.ts'

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
  /** Counts one call, also one too many. At once, where this process counts. */
  take(key: string): Count | Promise<Count>
  /** Takes a counted call back. */
  giveBack(key: string): void | Promise<void>
  /** Starts the key's window anew. */
  clear(key: string): void | Promise<void>
  /** Whether the key was counted in this window. */
  isSet(key: string): boolean | Promise<boolean>
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
    create: (policy) => (redis ? countTogether(redis, policy, countAlone(policy)) : countAlone(policy)),
    end: () => redis?.disconnect(),
  }
}

function countAlone(policy: Policy): Counter {
  const counts = new WindowCounts(policy.windowSeconds)
  return {
    policy,
    take(key) {
      const { count, endsAtSecond } = counts.add(key)
      return countOf(policy, count, endsAtSecond * 1000 - Date.now())
    },
    giveBack: (key) => counts.subtract(key),
    clear: (key) => counts.delete(key),
    isSet: (key) => (counts.find(key)?.count ?? 0) > 0,
  }
}

const countOf = (policy: Policy, count: number, msLeft: number): Count => ({
  policy,
  isOver: count > policy.calls,
  remaining: Math.max(0, policy.calls - count),
  resetSeconds: Math.max(1, Math.ceil(msLeft / 1000)),
})

/** While Redis is away every instance counts for itself: looser, never open. */
function countTogether(redis: Redis, policy: Policy, alone: Counter): Counter {
  const limiter = new RateLimiterRedis({
    points: policy.calls,
    duration: policy.windowSeconds,
    keyPrefix: `${KEY_PREFIX}:${policy.name}`,
    storeClient: redis,
    rejectIfRedisNotReady: true,
  })
  return {
    policy,
    async take(key) {
      try {
        const { consumedPoints, msBeforeNext } = await limiter.consume(key)
        return countOf(policy, consumedPoints, msBeforeNext)
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) return alone.take(key)
        return countOf(policy, refusal.consumedPoints, refusal.msBeforeNext)
      }
    },
    giveBack: (key) =>
      limiter.reward(key).then(
        () => undefined,
        () => alone.giveBack(key),
      ),
    clear: (key) =>
      limiter.delete(key).then(
        () => undefined,
        () => alone.clear(key),
      ),
    isSet: (key) =>
      limiter.get(key).then(
        (found) => (found?.consumedPoints ?? 0) > 0,
        () => alone.isSet(key),
      ),
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
