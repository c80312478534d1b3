/**
 * Someone in the middle of something, with money bought and money about to be: what two operations meet at.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { hash } from '@node-rs/argon2'
import { accessTokenOf, addProvider, addUser } from '../harness.ts'
import { openSession, type Play } from '../play.ts'
import { beginPurchase, completed, type Payment, paymentOf, sendEvent } from '../stripe-events.ts'
import type { Stage } from './stage.ts'

export const PASSWORD = 'correct horse battery'

/** What the session is doing; due is one that has been silent for too long, and nobody has settled it. */
export type SceneKind = 'pending' | 'running' | 'paused by the app' | 'paused by its user' | 'due' | 'ended'

export interface WantedScene {
  kind: SceneKind
  /** Its provider has earned something. */
  isEarner: boolean
  /** A sweep looks at it, whether it is over or not. */
  comesUp: boolean
}

export interface Scene {
  play: Play
  kind: SceneKind
  token: string
  ownerToken: string
  operatorToken: string
  paid: Payment
  due: Payment
  /** One that waits to be paid out, where the provider has earned something. */
  payoutId: string | undefined
  /** What the wallet had before the race. */
  posted: number
  /** For real clocks: how much was used besides what was meant. */
  startedAt: number
}

// Cheap, so that who deletes an account is not late.
const passwordHash = hash(PASSWORD, { algorithm: 2, memoryCost: 8, timeCost: 1, parallelism: 1 })

/** A session with a minute confirmed, and 20 s since, unless it is pending, paused, due or ended. */
export async function createScenes(stage: Stage, wanted: readonly WantedScene[]): Promise<Scene[]> {
  const startedAt = performance.now()
  await stage.pass(0, [])
  const operatorToken = await accessTokenOf(stage.api, stage.operatorId)
  const scenes = await Promise.all(
    wanted.map(async (one) => ({ ...(await beginScene(stage, one, operatorToken)), startedAt })),
  )
  const plays = scenes.filter(({ kind }) => kind !== 'pending').map(({ play }) => play)
  for (const seconds of [30, 30]) {
    await stage.pass(seconds, plays)
    await Promise.all(plays.map((play) => play.beat()))
  }
  await stage.pass(20, plays)
  await Promise.all(scenes.map((scene, i) => finishScene(stage, scene, wanted[i]!)))
  return scenes
}

async function beginScene(
  stage: Stage,
  { kind, isEarner }: WantedScene,
  operatorToken: string,
): Promise<Omit<Scene, 'startedAt'>> {
  const { api } = stage
  const { owner, providerId } = isEarner ? stage.takeEarner() : await createProvider(stage)
  // Enough for the session and for one of what wants more.
  const user = await addUser(api, { tokens: 4 * 10 + 4 * 10 })
  await api.deps.db.batch.query('update users set password_hash = $2 where id = $1', [
    user.id,
    await passwordHash,
  ])
  const paid = paymentOf(await beginPurchase(api, user.token, 50))
  await sendEvent(api, completed(paid))
  const due = paymentOf(await beginPurchase(api, user.token, 60))
  const validate = kind !== 'pending'
  const play = await openSession({ api, user, providerId }, { minutes: 10, validate })
  if (validate) await play.beat()
  const scene: Omit<Scene, 'startedAt'> = { play, kind, paid, due, operatorToken, ...blank }
  if (isEarner) {
    const { body } = await api.call('POST', `/providers/${providerId}/payouts`, {
      token: operatorToken,
      body: { amount: 5 },
    })
    scene.payoutId = body.id
  }
  scene.ownerToken = await accessTokenOf(api, owner.id)
  return scene
}

const blank = { token: '', ownerToken: '', payoutId: undefined, posted: 0 }

async function createProvider({ api }: Stage) {
  const owner = await addUser(api)
  const name = `App ${randomUUID()}`
  return { owner, providerId: await addProvider(api, { ownerId: owner.id, tokensPerMinute: 4, name }) }
}

async function finishScene({ api }: Stage, scene: Scene, { comesUp }: WantedScene): Promise<void> {
  const { play, kind } = scene
  const answer =
    kind === 'paused by the app'
      ? await play.call('pause', { clientId: play.clientId, sequence: play.sequence + 1, activeMs: 20_000 })
      : kind === 'paused by its user'
        ? await play.market('POST', '/pause')
        : kind === 'ended'
          ? await play.market('POST', '/extend', { minutes: 1 }).then(() => play.call('complete'))
          : undefined
  if (answer && answer.status !== 200) throw new Error(`${kind}: ${answer.text}`)
  if (kind === 'paused by the app') play.sequence += 1
  const { batch } = api.deps.db
  if (kind === 'due') await batch.query(fallSilentSql, [play.sessionId])
  if (comesUp && kind !== 'ended') await batch.query(comeUpSql, [play.sessionId, api.clock.now()])
  scene.token = await accessTokenOf(api, play.user.id)
  const [wallet] = await batch.query<{ posted: number }>('select posted from wallets where id = $1', [
    play.user.id,
  ])
  scene.posted = wallet?.posted ?? 0
}

const fallSilentSql = `update sessions set last_beat_at = last_beat_at - interval '31 minutes' where id = $1`
const comeUpSql = 'update sessions set sweep_at = $2 where id = $1'
