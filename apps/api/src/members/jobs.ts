import type { Task } from 'graphile-worker'
import type { Tx } from '../db.ts'
import type { Deps } from '../deps.ts'
import { doEach } from '../do-each.ts'
import type { Mailer } from '../mail/mail.ts'
import { renderMessage } from '../mail/render-message.ts'
import { sendToUnconfirmed } from '../mail/unconfirmed-addresses.ts'
import { createInvitationToken, hashOfToken, INVITATION_DAYS } from './invitation.ts'
import type { MemberMail } from './member-mail.ts'

const DAY_MS = 86_400_000
/** An invitation that ran out stays in its owner's list this long, to be sent again. */
const EXPIRED_KEPT_DAYS = 30

interface FoundTransferred {
  email: string
  emailNormalized: string
  isVerified: boolean
  displayName: string | null
  provider: string
  isOwner: boolean
}

/** Writes to whoever is invited, and to both sides of a transfer. */
export const sendMemberMailTask =
  (deps: Pick<Deps, 'db' | 'clock' | 'config'>, mailer: Mailer): Task =>
  async (payload) => {
    const mail = payload as MemberMail
    const { tenantId, kind } = mail
    const { db, clock, config } = deps
    const inTenant = <T>(run: (tx: Tx) => Promise<T>) => db.inTenant(tenantId, run)
    switch (mail.kind) {
      case 'invited': {
        const token = createInvitationToken()
        const [invited] = await inTenant((tx) =>
          tx.query<{ email: string; inviter: string | null }>(giveTokenSql, [
            mail.invitationId,
            hashOfToken(token),
            clock(),
          ]),
        )
        // Accepted, revoked or run out meanwhile.
        if (!invited) return
        const { email, inviter } = invited
        await mailer.send(
          renderMessage({
            to: email,
            subject: 'You are invited to a team',
            // Neither the app's name nor the inviter's: both are a stranger's text. The page names the app.
            paragraphs: [
              `${inviter ?? 'somebody'} invites you to work with them on an app in our marketplace.`,
              `Open the link within ${INVITATION_DAYS} days to see which app it is, and to accept; it works once. If you expected nothing of the kind, do nothing.`,
            ],
            // Behind the `#`, which no server's log sees.
            link: {
              url: `${config.publicUrl}/dashboard/invitation#token=${token}`,
              label: 'See the invitation',
            },
          }),
        )
        await inTenant((tx) =>
          tx.query('update provider_invitations set last_sent_at = $2 where id = $1', [
            mail.invitationId,
            clock(),
          ]),
        )
        return
      }
      case 'transferred': {
        const [found] = await inTenant((tx) =>
          tx.query<FoundTransferred>(findTransferredSql, [mail.providerId, mail.userId]),
        )
        if (!found) return
        const { email, emailNormalized, isVerified, displayName, provider, isOwner } = found
        const send = () =>
          mailer.send(
            renderMessage({
              to: email,
              name: isVerified ? displayName : null,
              subject: `${provider} has another primary owner`,
              paragraphs: isOwner
                ? [
                    `you are the primary owner of ${provider} now: its payouts go to you.`,
                    'They wait until your e-mail address is confirmed, if it is not.',
                  ]
                : [
                    `${provider} was transferred: its payouts go to somebody else from now on. You stay on its team as an owner.`,
                    'If it was not you, change your password now and write to us.',
                  ],
              link: {
                url: `${config.publicUrl}/dashboard/providers/${mail.providerId}/team`,
                label: 'See the team',
              },
            }),
          )
        return isVerified ? send() : sendToUnconfirmed(deps, { tenantId, emailNormalized, kind }, send)
      }
    }
  }

/** Forgets invitations that ran out long ago, and how often a mailbox was written to. */
export const forgetInvitationsTask =
  ({ db, clock }: Pick<Deps, 'db' | 'clock'>): Task =>
  () => {
    const now = clock().getTime()
    const forget = (sql: string, keptMs: number) => () => db.batch.query(sql, [new Date(now - keptMs)])
    return doEach([
      forget('delete from invitation_mails where asked_at < $1', DAY_MS),
      forget('delete from provider_invitations where expires_at < $1', EXPIRED_KEPT_DAYS * DAY_MS),
    ])
  }

// The token is made where it is sent; the one before works no more.
const giveTokenSql = `
  update provider_invitations i set token_hash = $2
  from users u
  where i.id = $1 and i.expires_at > $3 and u.id = i.invited_by
  returning i.email, case when u.email_verified_at is not null then u.email end as inviter`

const findTransferredSql = `
  select u.email, u.email_normalized as "emailNormalized", u.email_verified_at is not null as "isVerified",
    u.display_name as "displayName", p.name as provider, p.owner_id = u.id as "isOwner"
  from providers p, users u
  where p.id = $1 and u.id = $2 and u.deleted_at is null`
