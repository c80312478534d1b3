/**
 * Sends one message, over SMTP or, in development where there is none, into the log. The only file that knows nodemailer.
 *
 * @module
 */
import { createTransport } from 'nodemailer'
import type { Logger } from 'pino'

export interface Message {
  to: string
  subject: string
  text: string
  html: string
}

export interface Mailer {
  /** Resolves when the SMTP server has taken the message; a job calls it and tries again. */
  send(message: Message): Promise<void>
}

/** A server that stands still must not keep a job, and through it a stop of the process. */
const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }

/**
 * @example
 * const mailer = createMailer({ config, log })
 * await mailer.send({ to: 'ada@example.com', subject: 'Hello', text: 'Hello', html: '<p>Hello</p>' })
 */
export function createMailer({
  config,
  log,
}: {
  config: { smtpUrl: string | undefined; mailFrom: string; isProduction: boolean }
  log: Logger
}): Mailer {
  const { smtpUrl, mailFrom, isProduction } = config
  if (smtpUrl === undefined && isProduction) {
    log.error('no SMTP_URL: messages wait in the queue, and nobody can reset a password until it is set')
    return {
      // A message may hold a link that opens an account: it never goes to a production log.
      send: () => Promise.reject(new Error('no SMTP_URL: the message was not sent')),
    }
  }
  if (smtpUrl === undefined) {
    return {
      async send({ to, subject, text }) {
        log.warn({ to, subject, text }, 'no SMTP_URL: this message was not sent')
      },
    }
  }
  const transport = createTransport({
    url: smtpUrl,
    ...TIMEOUTS,
    // A message is what we wrote: nothing in it is fetched or read from disk.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async send({ to, subject, text, html }) {
      await transport.sendMail({
        from: mailFrom,
        // As an object: nothing in an address is read as a list of more of them.
        to: { name: '', address: to },
        subject,
        text,
        html,
        headers: { 'Auto-Submitted': 'auto-generated' },
      })
    },
  }
}
