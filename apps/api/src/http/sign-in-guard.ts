/**
 * Slows down guessing of passwords without letting the guesser lock anybody out.
 *
 * Failures are counted per address and account, strictly, and per account over all addresses, leniently. The second
 * count holds only for addresses from which nobody has signed in to that account lately: the owner at their usual
 * place does not feel an attack from elsewhere.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { normalizeEmail } from '../email.ts'
import { admit } from './admit.ts'
import { addressOf } from './caller-address.ts'
import type { Counters } from './counters.ts'

const WINDOW_SECONDS = 15 * 60
const FAILURES_PER_ADDRESS_AND_ACCOUNT = 20
const FAILURES_PER_ACCOUNT = 100
const KNOWN_ADDRESS_SECONDS = 14 * 24 * 3600

interface Attempt {
  account: string
  pair: string
  isKnownAddress: boolean
}

export function registerSignInGuard(
  app: FastifyInstance,
  counters: Counters,
  scale: (calls: number) => number,
): void {
  const perPair = counters.create({
    name: 'sign-in',
    calls: scale(FAILURES_PER_ADDRESS_AND_ACCOUNT),
    windowSeconds: WINDOW_SECONDS,
  })
  const perAccount = counters.create({
    name: 'sign-in-account',
    calls: scale(FAILURES_PER_ACCOUNT),
    windowSeconds: WINDOW_SECONDS,
  })
  const known = counters.create({ name: 'known-address', calls: 1, windowSeconds: KNOWN_ADDRESS_SECONDS })
  const attempts = new WeakMap<object, Attempt>()

  // Counted before the password is looked at, or a hundred guesses at once would all be the first.
  async function countAttempt(request: FastifyRequest, reply: FastifyReply) {
    const account = accountOf(request)
    if (account === undefined) return
    const pair = `${account}/${addressOf(request)}`
    const isKnownAddress = await known.isSet(pair)
    admit(await perPair.take(pair), reply)
    attempts.set(request, { account, pair, isKnownAddress })
    if (isKnownAddress) return
    const count = await perAccount.take(account)
    // Told only where it refuses, or its absence would tell who has signed in from here.
    if (count.isOver) admit(count, reply)
  }

  // Only a refused password stays counted.
  async function settleAttempt(request: FastifyRequest, { statusCode }: FastifyReply) {
    const attempt = attempts.get(request)
    // 403: the password asked for again, of somebody who is signed in, was wrong.
    if (!attempt || [401, 403, 429].includes(statusCode)) return
    if (!attempt.isKnownAddress) await perAccount.giveBack(attempt.account)
    if (statusCode >= 200 && statusCode < 300) {
      await perPair.clear(attempt.pair)
      if (!attempt.isKnownAddress) await known.take(attempt.pair)
    } else {
      await perPair.giveBack(attempt.pair)
    }
  }

  // On the few routes that need it: every beat would run through hooks of the whole application.
  app.addHook('onRoute', (route) => {
    if (route.config?.limit !== 'auth') return
    route.preHandler = [countAttempt, ...[route.preHandler ?? []].flat()]
    route.onSend = [settleAttempt, ...[route.onSend ?? []].flat()]
  })
}

/** Whose password is being guessed: the caller's own where they are known, else that of the address they give. */
function accountOf(request: FastifyRequest): string | undefined {
  if (request.actor.kind === 'user') return request.actor.userId
  const email = (request.body as { email?: unknown } | undefined)?.email
  return typeof email === 'string' ? nameOf(email) : undefined
}

/**
 * By what the account is looked up by, or each spelling would be an account of its own. Hashed: a store of counts needs
 * nobody's address.
 */
function nameOf(email: string): string {
  const name = normalizeEmail(email)?.normalized ?? email
  return createHash('sha256').update(name).digest('base64url').slice(0, 22)
}
