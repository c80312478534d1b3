/**
 * `Idempotency-Key`: the first answer again, byte for byte. It is stored in the transaction of its effect, so
 * there is never one without the other, on whatever instance and after whatever crash.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Db, Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { seal, unseal } from '../seal.ts'
import type { Actor } from './authenticate.ts'
import { presentProblem } from './problem-details.ts'

interface Stored {
  requestHash: Buffer
  /** Neither is there while somebody else is asked, or after that failed. */
  status: number | null
  answerEncrypted: Buffer | null
  /** While it is to come, somebody is asking. */
  askingUntil: Date | null
}

export const IDEMPOTENCY_HOURS = 24
/** Longer than Stripe takes as a rule, and no longer than somebody waits whose first request was lost with its instance. */
const ASKING_MS = 5_000
/** What a header can carry. */
const KEY = /^[\x20-\x7e\x80-\xff]{1,255}$/

export interface Edge {
  /**
   * Runs a verb in the caller's tenant and answers with its result; with an `Idempotency-Key`, once. What it gives
   * back is the reply, typed as the answer, so that the route's schema checks the verb. A refusal that is thrown undoes what was
   * done before it; one that is returned keeps that.
   *
   * @example return edge.once(request, reply, 201, (tx) => createSession(tx, { ... }))
   */
  once<T>(
    request: FastifyRequest,
    reply: FastifyReply,
    status: number,
    run: (tx: Tx) => Promise<T | Problem>,
  ): Promise<T>
  /**
   * The same for what has to ask somebody else between two transactions. `prepare` commits what must outlive a crash
   * and takes its ids from the key, so that a repeated request finds it; `call` reaches out; `finish` stores the answer.
   * The key belongs to this request from the first on. A repetition that comes while it asks is told to come again, on whatever
   * instance. What asks longer than five seconds may be lost with its instance, so that others go on; if it is not, both get the
   * same answer.
   */
  onceAcross<P, R, T>(
    request: FastifyRequest,
    reply: FastifyReply,
    status: number,
    steps: {
      prepare: (tx: Tx, subject: string | undefined) => Promise<P>
      call: (prepared: P) => Promise<R>
      finish: (tx: Tx, prepared: P, result: R) => Promise<T>
    },
  ): Promise<T>
}

export function createEdge(input: {
  db: Db
  clock: Clock
  keyEncryptionKey: Buffer
  /** What stored answers open with. */
  openingKeys: readonly Buffer[]
  publicUrl: string
}): Edge {
  const { db, clock, keyEncryptionKey, openingKeys, publicUrl } = input
  /** Keys for which this process asks somebody else, however long. */
  const asking = new Set<string>()

  /** @throws {Problem} `idempotency_in_progress` where another one is in a transaction under this key */
  async function lockKey(tx: Tx, place: Place): Promise<void> {
    const [lock] = await tx.query<{ isFree: boolean }>(
      'select pg_try_advisory_xact_lock(hashtextextended($1, 7305)) as "isFree"',
      [place.id],
    )
    if (!lock?.isFree) throw new Problem('idempotency_in_progress', { retryAfterSeconds: 1 })
  }

  /** Another instance has it for as long as one of its two transactions. */
  const waitForKey = (tx: Tx, place: Place) =>
    tx.query('select pg_advisory_xact_lock(hashtextextended($1, 7305))', [place.id])

  /** @throws {Problem} `idempotency_in_progress` where another one is asking, unless this one has asked */
  async function replay(
    tx: Tx,
    place: Place,
    reply: FastifyReply,
    { hasAsked = false } = {},
  ): Promise<string | undefined> {
    const [stored] = await tx.query<Stored>(findAnswerSql, [
      place.caller,
      place.route,
      place.key,
      expiry(clock()),
    ])
    if (!stored) return undefined
    if (!stored.requestHash.equals(place.requestHash)) throw new Problem('idempotency_key_reused')
    if (stored.status === null || stored.answerEncrypted === null) {
      const isElsewhere = stored.askingUntil !== null && stored.askingUntil > clock()
      if (!hasAsked && (isElsewhere || asking.has(place.id)))
        throw new Problem('idempotency_in_progress', { retryAfterSeconds: 1 })
      return undefined
    }
    reply.code(stored.status).header('idempotent-replayed', 'true')
    return unseal(openingKeys, stored.answerEncrypted, place.id)
  }

  function store(tx: Tx, place: Place, answer?: { status: number; text: string }) {
    return tx.query(storeAnswerSql, [
      place.caller,
      place.route,
      place.key,
      place.requestHash,
      answer?.status ?? null,
      answer ? seal(keyEncryptionKey, answer.text, place.id) : null,
      clock(),
      answer ? null : new Date(clock().getTime() + ASKING_MS),
    ])
  }

  /** Where it asked in vain, the same request may ask again at once. */
  const stopAsking = (tenantId: string, { caller, route, key }: Place) =>
    db.inTenant(tenantId, (tx) => tx.query(stopAskingSql, [caller, route, key]))

  function refuse(error: Problem, request: FastifyRequest, reply: FastifyReply): string {
    request.log.info({ code: error.code, why: error.message }, 'request refused')
    reply.code(error.status)
    return JSON.stringify(presentProblem(error, request, publicUrl))
  }

  /** Runs under a savepoint: a refusal that is thrown undoes the effect and is itself the answer to keep. */
  async function answer(
    tx: Tx,
    place: Place,
    request: FastifyRequest,
    reply: FastifyReply,
    status: number,
    run: () => Promise<unknown>,
  ): Promise<string> {
    await tx.query('savepoint effect')
    let text: string
    try {
      const result = await run()
      text =
        result instanceof Problem
          ? refuse(result, request, reply)
          : (reply.code(status).serialize(result) as string)
    } catch (error) {
      if (!(error instanceof Problem) || isForLater(error)) throw error
      await tx.query('rollback to savepoint effect')
      text = refuse(error, request, reply)
    }
    await store(tx, place, { status: reply.statusCode, text })
    return text
  }

  return {
    async once(request, reply, status, run) {
      const place = placeOf(request)
      const { tenantId } = request.actor
      if (!place) {
        const result = await db.inTenant(tenantId, run)
        if (result instanceof Problem) throw result
        return reply.code(status).send(result) as never
      }
      const text = await db.inTenant(tenantId, async (tx) => {
        await lockKey(tx, place)
        return (await replay(tx, place, reply)) ?? answer(tx, place, request, reply, status, () => run(tx))
      })
      return sendStored(reply, text) as never
    },
    async onceAcross(request, reply, status, { prepare, call, finish }) {
      const place = placeOf(request)
      const { tenantId } = request.actor
      if (!place) {
        const prepared = await db.inTenant(tenantId, (tx) => prepare(tx, undefined))
        const result = await call(prepared)
        return reply
          .code(status)
          .send(await db.inTenant(tenantId, (tx) => finish(tx, prepared, result))) as never
      }
      const subject = createHash('sha256').update(place.id).update(place.requestHash).digest('hex')
      const first = await db.inTenant(tenantId, async (tx) => {
        // Who only looks does not take the key, or would keep it from who asks.
        const known = await replay(tx, place, reply)
        if (known !== undefined) return { stored: known }
        await waitForKey(tx, place)
        const stored = await replay(tx, place, reply)
        if (stored !== undefined) return { stored }
        await store(tx, place)
        return { prepared: await prepare(tx, subject) }
      })
      if (first.stored !== undefined) return sendStored(reply, first.stored) as never
      asking.add(place.id)
      try {
        // Refused for good is an answer to keep, too.
        const settle = await call(first.prepared).then(
          (result) => (tx: Tx) => finish(tx, first.prepared, result),
          (error: unknown) => () => Promise.reject(error),
        )
        const text = await db.inTenant(tenantId, async (tx) => {
          await waitForKey(tx, place)
          return (
            (await replay(tx, place, reply, { hasAsked: true })) ??
            answer(tx, place, request, reply, status, () => settle(tx))
          )
        })
        return sendStored(reply, text) as never
      } catch (error) {
        // Where this fails, too, it is over in seconds.
        await stopAsking(tenantId, place).catch(() => undefined)
        throw error
      } finally {
        asking.delete(place.id)
      }
    },
  }
}

/** What says by itself that the same request may come again is no answer to keep. */
const isForLater = ({ status, code }: Problem) =>
  status >= 500 || status === 429 || code === 'idempotency_in_progress'

interface Place {
  id: string
  caller: string
  route: string
  key: string
  requestHash: Buffer
}

/** What a stored answer is sealed for. */
export const placeOfAnswer = (row: { tenantId: string; caller: string; route: string; key: string }) =>
  `${row.tenantId}/${row.caller}/${row.route}/${row.key}`

function placeOf(request: FastifyRequest): Place | undefined {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  // Two of them arrive as one, joined by a comma.
  const sent = request.raw.rawHeaders.filter(
    (text, i) => i % 2 === 0 && text.toLowerCase() === 'idempotency-key',
  )
  if (typeof key !== 'string' || sent.length > 1 || !KEY.test(key))
    throw new Problem('idempotency_key_invalid')
  const caller = callerOf(request.actor)
  const route = `${request.method} ${pathOf(request)}`
  const requestHash = createHash('sha256').update(canonical(request.body)).digest()
  return {
    id: placeOfAnswer({ tenantId: request.actor.tenantId, caller, route, key }),
    caller,
    route,
    key,
    requestHash,
  }
}

/** In one spelling: the router takes a slash at the end and escapes as well, and they are the same route. */
function pathOf({ routeOptions, params }: FastifyRequest): string {
  const values = params as Record<string, string>
  return (routeOptions.url ?? '').replace(/:(\w+)/g, (_all, name: string) => values[name] ?? '')
}

function callerOf(actor: Actor): string {
  switch (actor.kind) {
    case 'user':
      return actor.userId
    case 'session':
      return actor.sessionId
    case 'key':
      return actor.keyId
    case 'open':
      return 'open'
  }
}

/** The same JSON whatever the order of its properties. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}

function sendStored(reply: FastifyReply, text: string) {
  const type = reply.statusCode >= 400 ? 'application/problem+json' : 'application/json'
  return reply
    .header('content-type', `${type}; charset=utf-8`)
    .serializer((payload: unknown) => payload as string)
    .send(text)
}

function expiry(now: Date): Date {
  return new Date(now.getTime() - IDEMPOTENCY_HOURS * 3_600_000)
}

const findAnswerSql = `
  select request_hash as "requestHash", status, answer_encrypted as "answerEncrypted", asking_until as "askingUntil"
  from idempotency_keys
  where caller = $1 and route = $2 and key = $3 and created_at > $4`

// An expired row of the same key gives way; a live one cannot be there, the advisory lock saw to that.
const storeAnswerSql = `
  insert into idempotency_keys (caller, route, key, request_hash, status, answer_encrypted, created_at, asking_until)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (tenant_id, caller, route, key) do update set
    request_hash = excluded.request_hash, status = excluded.status,
    answer_encrypted = excluded.answer_encrypted, created_at = excluded.created_at, asking_until = excluded.asking_until`

const stopAskingSql = `
  update idempotency_keys set asking_until = null where caller = $1 and route = $2 and key = $3`
