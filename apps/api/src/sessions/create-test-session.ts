import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import type { Actor } from '../http/authenticate.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { type Launch, type OpenedProvider, openSessions } from './create-session.ts'

type TestedProvider = OpenedProvider & { ownerId: string }

/**
 * A session that costs nothing, with a provider that nobody has approved yet: the same launch, rules of time and
 * events, and no line in the ledger. It is the owner's own, also when a test key asks for it.
 *
 * @throws {Problem} `provider_not_found` also for somebody else's, `forbidden` for a live key,
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
  const [provider] = await tx.query<TestedProvider & { status: string }>(findTestedProviderSql, [providerId])
  if (!provider || !mayTest(actor, providerId, provider.ownerId)) throw new Problem('provider_not_found')
  if (actor.kind === 'key' && actor.mode !== 'test') {
    throw new Problem('forbidden', { detail: 'A test session takes a key of mode test.' })
  }
  if (provider.status === 'suspended') {
    throw new Problem('provider_status_invalid', { detail: 'A suspended provider opens no sessions.' })
  }
  const test = {
    ...input,
    userId: provider.ownerId,
    provider: { ...provider, tokensPerMinute: 0 },
    feeBasisPoints: 0,
    isTest: true,
  }
  const [launch] = await openSessions(tx, [test], input.keys)
  assert(launch && !(launch instanceof Problem), 'a test asks nothing of a wallet that could refuse')
  return launch
}

function mayTest(actor: Actor, providerId: string, ownerId: string): boolean {
  if (actor.kind === 'key') return actor.providerId === providerId
  return actor.kind === 'user' && actor.userId === ownerId
}

const findTestedProviderSql = `
  select p.launch_url as "launchUrl", p.launch_in_fragment as "launchInFragment", p.status, p.owner_id as "ownerId",
    0 as "tokensPerMinute", u.reference_salt as "referenceSalt"
  from providers p join users u on u.tenant_id = p.tenant_id and u.id = p.owner_id
  where p.id = $1`
