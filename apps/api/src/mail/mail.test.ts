import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Mailbox, startMailbox } from '../../test/mailbox.ts'
import { createMailer } from './mail.ts'
import { renderMessage } from './render-message.ts'

let mailbox: Mailbox
beforeAll(async () => {
  mailbox = await startMailbox()
})
afterAll(() => mailbox.close())

const log = pino({ level: 'silent' })
const mailFrom = 'Market <noreply@market.example>'
const message = { to: 'ada@example.com', subject: 'Hello', text: 'plain', html: '<p>rich</p>' }

test('a message arrives as plain text and as HTML, from our address', async () => {
  await createMailer({ config: { smtpUrl: mailbox.smtpUrl, mailFrom, isProduction: false }, log }).send(
    message,
  )
  const received = mailbox.received.at(-1)
  expect(received).toMatchObject({
    from: 'noreply@market.example',
    to: ['ada@example.com'],
    subject: 'Hello',
  })
  expect(received?.raw).toContain('Auto-Submitted: auto-generated')
  expect(received?.raw).toMatch(/text\/plain[\s\S]*plain[\s\S]*text\/html[\s\S]*<p>rich<\/p>/)
})

test('a server that refuses is an error, so that the job tries again', async () => {
  mailbox.isBroken = true
  const mailer = createMailer({ config: { smtpUrl: mailbox.smtpUrl, mailFrom, isProduction: false }, log })
  await expect(mailer.send(message)).rejects.toThrow(/452/)
  mailbox.isBroken = false
})

test('a subject and an address cannot begin another header or name another recipient', async () => {
  const mailer = createMailer({ config: { smtpUrl: mailbox.smtpUrl, mailFrom, isProduction: false }, log })
  await mailer.send({
    ...message,
    to: 'eve+x,victim@example.com',
    subject: 'Hi\r\nBcc: victim@example.com',
  })
  const received = mailbox.received.at(-1)
  expect(received?.to).toHaveLength(1)
  expect(received?.raw).not.toMatch(/^Bcc:/m)
})

test('without an SMTP server the message is in the log', async () => {
  let logged = ''
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logged += String(chunk)
      done()
    },
  })
  await createMailer({ config: { smtpUrl: undefined, mailFrom, isProduction: false }, log: pino(sink) }).send(
    message,
  )
  expect(JSON.parse(logged)).toMatchObject({ to: 'ada@example.com', subject: 'Hello', text: 'plain' })
})

test('a hostile name is text, in every part of a message', () => {
  const name = `<img src=x onerror="alert('1')">&`
  const { text, html } = renderMessage({
    to: 'ada@example.com',
    subject: name,
    name,
    paragraphs: [name],
    link: { url: 'https://market.example/#/x?a=1&b="', label: name },
  })
  expect(text).toContain(`Hello ${name},`)
  expect(html).not.toContain('<img')
  expect(html).toContain('Hello &lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;,')
  expect(html).toContain('href="https://market.example/#/x?a=1&amp;b=&quot;"')
})

test('production without a server keeps the message for a later try and out of the log', async () => {
  let written = ''
  const sink = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk)
      done()
    },
  })
  const config = { smtpUrl: undefined, mailFrom, isProduction: true }
  const mailer = createMailer({ config, log: pino(sink) })
  await expect(mailer.send(message)).rejects.toThrow('no SMTP_URL')
  expect(written).toContain('no SMTP_URL')
  expect(written).not.toContain(message.to)
})
