/**
 * People with accounts of their own making, and the mailbox where they are written to.
 *
 * @module
 */
import { type Answer, accessTokenOf, addUser, startTestApi, type TestApi } from './harness.ts'
import { type Mailbox, type Received, startMailbox } from './mailbox.ts'

export const password = 'correct horse battery'

export interface Person {
  id: string
  email: string
  refreshToken: string
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH', url: string, body?: object): Promise<Answer>
}

export interface Accounts {
  api: TestApi
  mailbox: Mailbox
  register(more?: object): Promise<Person>
  open(url: string, body: object): Promise<Answer>
  login(email: string, secret?: string): Promise<Answer>
  refresh(refreshToken: string): Promise<Answer>
  profile(accessToken: string): Promise<Answer>
  /** Runs the jobs that are due; @returns what was mailed. */
  deliver(): Promise<Received[]>
  close(): Promise<void>
}

export async function startAccounts(env: Record<string, string> = {}): Promise<Accounts> {
  const mailbox = await startMailbox()
  const api = await startTestApi({
    env: { SMTP_URL: mailbox.smtpUrl, MAIL_FROM: 'Market <noreply@market.example>', ...env },
  })
  let count = 0
  const open = (url: string, body: object) => api.call('POST', url, { body })
  return {
    api,
    mailbox,
    async register(more = {}) {
      count += 1
      const email = `person-${count}@example.com`
      const { body } = await open('/auth/register', { email, password, ...more })
      const { id } = body.user
      return {
        id,
        email,
        refreshToken: body.refreshToken,
        async call(method, url, sent) {
          return api.call(method, url, { token: await accessTokenOf(api, id), ...(sent && { body: sent }) })
        },
      }
    },
    open,
    login: (email, secret = password) => open('/auth/login', { email, password: secret }),
    refresh: (refreshToken) => open('/auth/refresh', { refreshToken }),
    profile: (token) => api.call('GET', '/auth/profile', { token }),
    deliver: () => mailbox.deliver(api),
    async close() {
      await api.close()
      await mailbox.close()
    },
  }
}

/** An operator, who signs people out everywhere. */
export async function addOperator(api: TestApi): Promise<{
  id: string
  signOut(userId: string, body?: object): Promise<Answer>
}> {
  const { id } = await addUser(api, { isOperator: true })
  return {
    id,
    async signOut(userId, body = { reason: 'Sign-ins from abroad' }) {
      const token = await accessTokenOf(api, id)
      return api.call('POST', `/operators/users/${userId}/sign-out`, { token, body })
    },
  }
}

/** Status and code of a refusal. */
export const refusal = ({ status, body }: Answer) => [status, body.code]
