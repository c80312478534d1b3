import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { BUSY } from '../gather.ts'
import type { Actor } from '../http/authenticate.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { getProviderToRead } from '../providers/get-provider.ts'
import { type Launch, type OpenedProvider, openSessions } from './create-session.ts'

/**
 * A session that costs nothing, with a provider that nobody has approved yet: the same launch, rules of time and
 * events, and no line in the ledger. It is the session of whoever asks for it; of the primary owner where a test key does.
 *
 * @throws {Problem} `provider_not_found` also for somebody else's, `forbidden` for a viewer or a live key,
 * `provider_status_invalid` for a suspended one
 */
export async function createTestSession(
  tx: Tx,
  input: {
    tenantId: string
    actor: Actor
    providerId: string
    durationMinutes: number
    keys: KeyRing
    now: Date
  },
): Promise<Launch> {
  const { actor, providerId } = input
  const { status, ownerId } = await getProviderToRead(tx, providerId, actor, 'developer')
  if (actor.kind === 'key' && actor.mode !== 'test') {
    throw new Problem('forbidden', { detail: 'A test session takes a key of mode test.' })
  }
  if (status === 'suspended') {
    throw new Problem('provider_status_invalid', { detail: 'A suspended provider opens no sessions.' })
  }
  const userId = actor.kind === 'user' ? actor.userId : ownerId
  const [provider] = await tx.query<OpenedProvider>(findTestedProviderSql, [providerId, userId])
  assert(provider, 'whoever tests has an account')
  const test = {
    ...input,
    userId,
    provider: { ...provider, tokensPerMinute: 0 },
    feeBasisPoints: 0,
    isTest: true,
  }
  const [launch] = await openSessions(tx, [test], input.keys, { skipLocked: false })
  assert(
    launch && launch !== BUSY && !(launch instanceof Problem),
    'a test asks nothing of a wallet that could refuse',
  )
  return launch
}

const findTestedProviderSql = `
  select p.launch_url as "launchUrl", p.launch_in_fragment as "launchInFragment", 0 as "tokensPerMinute",
    u.reference_salt as "referenceSalt"
  from providers p, users u where p.id = $1 and u.id = $2`
