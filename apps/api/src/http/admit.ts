import type { FastifyReply } from 'fastify'
import { Problem } from '../errors.ts'
import type { Count } from './counters.ts'

/** Says where the caller stands, and refuses the one call too many. */
export function admit({ policy, remaining, resetSeconds, isOver }: Count, reply: FastifyReply): void {
  append(reply, 'ratelimit-policy', `"${policy.name}";q=${policy.calls};w=${policy.windowSeconds}`)
  append(reply, 'ratelimit', `"${policy.name}";r=${remaining};t=${resetSeconds}`)
  if (isOver)
    throw new Problem('rate_limited', { retryAfterSeconds: resetSeconds }, `limit ${policy.name} reached`)
}

function append(reply: FastifyReply, name: string, item: string): void {
  const before = reply.getHeader(name)
  reply.header(name, before === undefined ? item : `${String(before)}, ${item}`)
}
