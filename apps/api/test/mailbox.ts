/**
 * A real SMTP server that keeps what it is sent, and a worker that runs the jobs that are due.
 *
 * @module
 */
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { createTasks } from '../src/worker.ts'
import type { TestApi } from './harness.ts'
import { runJobs } from './run-jobs.ts'

export interface Received {
  from: string
  to: string[]
  subject: string
  /** The whole message, quoted-printable undone. */
  raw: string
}

export interface Mailbox {
  smtpUrl: string
  received: Received[]
  /** While true, the server takes no message. */
  isBroken: boolean
  /** Runs every job that is due; @returns what arrived. */
  deliver(api: TestApi): Promise<Received[]>
  close(): Promise<void>
}

/** @example const mailbox = await startMailbox(); const api = await startTestApi({ env: { SMTP_URL: mailbox.smtpUrl } }) */
export async function startMailbox(): Promise<Mailbox> {
  const mailbox: Mailbox = {
    smtpUrl: '',
    received: [],
    isBroken: false,
    async deliver(api) {
      const before = mailbox.received.length
      await runJobs(api.databaseUrl, createTasks(api.deps))
      return mailbox.received.slice(before)
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (mailbox.isBroken) return done(Object.assign(new Error('full'), { responseCode: 452 }))
        const raw = undoQuotedPrintable(Buffer.concat(chunks).toString())
        const { mailFrom, rcptTo } = session.envelope
        mailbox.received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          subject: /^Subject: (.*)$/m.exec(raw)?.[1]?.trim() ?? '',
          raw,
        })
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  mailbox.smtpUrl = `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`
  return mailbox
}

/** What the link in a message carries. */
export function tokenIn(message: Received | undefined): string {
  const [, token] = /token=(tml_[\w-]+)/.exec(message?.raw ?? '') ?? []
  if (token === undefined) throw new Error(`no link in: ${message?.raw}`)
  return token
}

function undoQuotedPrintable(text: string): string {
  return text
    .replace(/=\r?\n/g, '')
    .replace(/(?:=[0-9A-F]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('=', ''), 'hex').toString())
}
