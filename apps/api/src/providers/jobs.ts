import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import type { Mailer } from '../mail/mail.ts'
import { renderMessage } from '../mail/render-message.ts'
import type { ProviderStatus } from './provider.ts'
import { type ProviderMail, toldSql } from './provider-mail.ts'
import { retireOrigins } from './review-listing-change.ts'

/** Origins that an approved change left out a day ago are not the provider's any more. */
export const retireOriginsTask =
  ({ db, clock }: Pick<Deps, 'db' | 'clock'>): Task =>
  async () => {
    await db.inBatch((tx) => retireOrigins(tx, clock()))
  }

interface Decided {
  status: ProviderStatus
  subject: string
  say(app: string, reason: string): string[]
}

const DECIDED: Record<ProviderMail['kind'], Decided> = {
  approved: {
    status: 'listed',
    subject: 'Your app is listed',
    say: (app) => [`${app} is listed: people find it in our marketplace and can open sessions with it.`],
  },
  rejected: {
    status: 'draft',
    subject: 'Your app was not listed',
    say: (app, reason) => [
      `an operator looked at ${app} and did not list it. It is a draft again.`,
      `The reason: ${reason}`,
      'Change it and ask for review again.',
    ],
  },
  suspended: {
    status: 'suspended',
    subject: 'Your app was suspended',
    say: (app, reason) => [
      `an operator suspended ${app}. It is out of the catalogue, and its sessions were ended, charged to their last beat.`,
      `The reason: ${reason}`,
      'You can change it still. When it is mended, write to us: an operator can list it again.',
    ],
  },
  change_approved: {
    status: 'listed',
    subject: 'Your change was approved',
    say: (app) => [
      `an operator looked at what was changed in ${app} and lets it stand. Nothing more is to be done.`,
    ],
  },
  addresses_approved: {
    status: 'listed',
    subject: 'Your new addresses are live',
    say: (app) => [
      `an operator approved the new addresses of ${app}: sessions open there from now on.`,
      'Origins that they leave out work on for 24 hours, so that nobody’s session is cut off.',
    ],
  },
  change_rejected: {
    status: 'listed',
    subject: 'Your change was taken back',
    say: (app, reason) => [
      `an operator looked at what was changed in ${app} and took it back. Its texts are as they were approved before, and addresses that waited are dropped. It stays listed, and no session was ended.`,
      `The reason: ${reason}`,
      'You can change it again.',
    ],
  },
}

/** Writes to one of a provider's people. Says nothing to who left the team, or when it is not so any more. */
export const sendProviderMailTask =
  ({ db, config }: Pick<Deps, 'db' | 'config'>, mailer: Mailer): Task =>
  async (payload) => {
    const { tenantId, providerId, userId, kind } = payload as ProviderMail
    const { status, subject, say } = DECIDED[kind]
    const [found] = await db.inTenant(tenantId, (tx) =>
      tx.query<{ email: string; name: string | null; provider: string | null; reason: string | null }>(
        findToldSql,
        [providerId, userId, status],
      ),
    )
    if (!found) return
    const { email, name, provider, reason } = found
    await mailer.send(
      renderMessage({
        to: email,
        name,
        subject,
        paragraphs: say(provider ?? 'your app', reason ?? 'none was given.'),
        link: { url: `${config.publicUrl}/dashboard/providers/${providerId}`, label: 'See the app' },
      }),
    )
  }

// To an address that nobody confirmed, names are a stranger's text: neither the person's nor the app's is sent there.
const findToldSql = `
  select u.email, case when u.email_verified_at is not null then u.display_name end as name,
    case when u.email_verified_at is not null then p.name end as provider, p.review_note as reason
  from providers p
  join (${toldSql}) t on t.tenant_id = p.tenant_id and t.provider_id = p.id
  join users u on u.tenant_id = t.tenant_id and u.id = t.user_id
  where p.id = $1 and u.id = $2 and p.status = $3 and u.deleted_at is null`
