import type { Task } from 'graphile-worker'
import type { Tx } from '../db.ts'
import type { Deps } from '../deps.ts'
import { normalizeEmail } from '../email.ts'
import type { Mailer } from '../mail/mail.ts'
import { renderMessage } from '../mail/render-message.ts'
import { sendToUnconfirmed } from '../mail/unconfirmed-addresses.ts'
import type { AccountMail } from './account-mail.ts'
import { forgetMailedLink, issueMailedLink, LINK_HOURS, type LinkPurpose } from './mailed-link.ts'

interface Recipient {
  id: string
  email: string
  emailNormalized: string
  displayName: string | null
  isVerified: boolean
  pendingEmail: string | null
  pendingEmailNormalized: string | null
}

/** Who asked for a link an hour ago has asked again or given up. */
const REQUEST_GOOD_MS = LINK_HOURS.reset_password * 3_600_000

/** Writes to whoever it is about. */
export const sendAccountMailTask =
  (deps: Pick<Deps, 'db' | 'clock' | 'config'>, mailer: Mailer): Task =>
  async (payload) => {
    const mail = payload as AccountMail
    const { db, clock, config } = deps
    const inTenant = <T>(run: (tx: Tx) => Promise<T>) => db.inTenant(mail.tenantId, run)

    const sendTo = (emailNormalized: string, isConfirmed: boolean, send: () => Promise<void>) =>
      isConfirmed
        ? send()
        : sendToUnconfirmed(deps, { tenantId: mail.tenantId, emailNormalized, kind: mail.kind }, send)

    /** The link exists before it is sent and not at all where sending failed: the next try makes another. */
    async function sendLink(
      recipient: Recipient,
      purpose: LinkPurpose,
      address: { shown: string; normalized: string },
      compose: (token: string) => Parameters<typeof renderMessage>[0],
    ) {
      const link = { purpose, userId: recipient.id, emailNormalized: address.normalized, now: clock() }
      const token = await inTenant((tx) => issueMailedLink(tx, link))
      if (token === undefined) return
      try {
        await mailer.send(renderMessage(compose(token)))
      } catch (error) {
        await inTenant((tx) => forgetMailedLink(tx, token))
        throw error
      }
    }

    switch (mail.kind) {
      case 'verify_email': {
        const user = await inTenant((tx) => findRecipient(tx, { userId: mail.userId }))
        if (!user || (user.isVerified && user.pendingEmail === null)) return
        const shown = user.pendingEmail ?? user.email
        const normalized = user.pendingEmailNormalized ?? user.emailNormalized
        const send = () =>
          sendLink(user, 'verify_email', { shown, normalized }, (token) => ({
            to: shown,
            subject: 'Confirm your e-mail address',
            // No name: until it is confirmed, whoever typed this address may be writing to a stranger through us.
            paragraphs: [
              'somebody, hopefully you, gave this address for an account at our marketplace.',
              `Open the link within ${LINK_HOURS.verify_email} hours to confirm that it is yours. If it was not you, do nothing.`,
            ],
            link: { url: linkTo(config, 'verify-email', token), label: 'Confirm this address' },
          }))
        return sendTo(normalized, false, send)
      }
      case 'reset_password': {
        if (clock().getTime() - Date.parse(mail.requestedAt) > REQUEST_GOOD_MS) return
        const user = await inTenant((tx) => findRecipient(tx, { emailNormalized: mail.emailNormalized }))
        if (!user) return
        const address = { shown: user.email, normalized: user.emailNormalized }
        const send = () =>
          sendLink(user, 'reset_password', address, (token) => ({
            to: user.email,
            subject: 'Choose a new password',
            name: user.isVerified ? user.displayName : null,
            paragraphs: [
              'somebody, hopefully you, asked to reset the password of your account.',
              'Open the link within an hour to choose a new one; it works once. If it was not you, do nothing: your password stays.',
            ],
            link: { url: linkTo(config, 'reset-password', token), label: 'Choose a new password' },
          }))
        return sendTo(user.emailNormalized, user.isVerified, send)
      }
      case 'password_changed':
      case 'email_change_asked':
      case 'signed_out': {
        const user = await inTenant((tx) => findRecipient(tx, { userId: mail.userId }))
        const to = (mail.kind !== 'signed_out' && mail.to) || user
        if (!to) return
        const notice = NOTICES[mail.kind]
        const { email, isVerified } = to
        const name = isVerified ? (user?.displayName ?? null) : null
        return sendTo(normalizeEmail(email)?.normalized ?? email, isVerified, () =>
          mailer.send(renderMessage({ to: email, name, ...notice })),
        )
      }
      case 'account_deleted': {
        const { email, isVerified = false } = mail
        return sendTo(normalizeEmail(email)?.normalized ?? email, isVerified, () =>
          mailer.send(renderMessage({ to: email, ...NOTICES.account_deleted })),
        )
      }
    }
  }

const NOTICES = {
  password_changed: {
    subject: 'Your password was changed',
    paragraphs: [
      'the password of your account was changed, and its other sign-ins were ended.',
      'If it was not you, reset your password at once: the page where you sign in has a link for it.',
    ],
  },
  email_change_asked: {
    subject: 'A new e-mail address was asked for',
    paragraphs: [
      'somebody who knows your password asked to change the e-mail address of your account. It changes when the new address is confirmed.',
      'If it was not you, change your password now: that calls it off.',
    ],
  },
  signed_out: {
    subject: 'Your account was signed out everywhere',
    paragraphs: [
      'our operators ended all sign-ins of your account, because somebody else may have been in it.',
      'Choose a new password before you go on: the page where you sign in has a link for it.',
    ],
  },
  account_deleted: {
    subject: 'Your account was deleted',
    paragraphs: [
      'your account was deleted, and with it your name, your address and your sign-ins. The books keep amounts and nothing that says whose they were.',
    ],
  },
}

/** Behind the `#`, which no server's log sees. */
function linkTo({ marketplaceUrl }: { marketplaceUrl: string }, page: string, token: string): string {
  return `${marketplaceUrl}/#/${page}?token=${token}`
}

async function findRecipient(
  tx: Tx,
  by: { userId: string } | { emailNormalized: string },
): Promise<Recipient | undefined> {
  const [recipient] = await tx.query<Recipient>(findRecipientSql, [
    'userId' in by ? by.userId : null,
    'emailNormalized' in by ? by.emailNormalized : null,
  ])
  return recipient
}

const findRecipientSql = `
  select id, email, email_normalized as "emailNormalized", display_name as "displayName",
    email_verified_at is not null as "isVerified", pending_email as "pendingEmail",
    pending_email_normalized as "pendingEmailNormalized"
  from users where (id = $1 or email_normalized = $2) and deleted_at is null`
