import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What the demo keeps between runs, in `DATA_DIR/demo.json`. */
type Demo = {
  email: string
  password: string
  providerId?: string
  /** The other examples, by name. */
  others?: Record<string, string>
}

/** How an example presents itself in the catalogue. */
export type Listing = { name: string; description: string; category: string; tokensPerMinute: number }

const stille: Listing = {
  name: 'Stille',
  description: 'A focus timer for one thing at a time: the example app of this repository.',
  category: 'productivity',
  tokensPerMinute: 4,
}

/**
 * Makes sure that an example, if none is named the demo's own, is listed as a provider, and gives its id.
 *
 * It goes through the API like any provider would. Running it again finds what it made; when the
 * database was replaced in between, it makes it anew.
 */
export async function seedDemo(input: {
  apiUrl: string
  dataDir: string
  appUrl: string
  listing?: Listing
}): Promise<string> {
  const { apiUrl, appUrl } = input
  const { name, description, category, tokensPerMinute } = input.listing ?? stille
  const path = join(input.dataDir, 'demo.json')
  const demo = await readDemo(path)
  const accessToken = await signIn(apiUrl, demo)
  const wanted = {
    name,
    description,
    category,
    launchUrl: `${appUrl}/`,
    allowedOrigins: [appUrl],
    tokensPerMinute,
  }
  const keptId = input.listing ? demo.others?.[name] : demo.providerId
  const found = keptId && (await call(apiUrl, 'GET', `/providers/${keptId}`))
  const known = found && found.status === 200 ? (found.body as { id: string; launchUrl: string }) : undefined
  const isMoved = known !== undefined && known.launchUrl !== wanted.launchUrl
  const { launchUrl, allowedOrigins } = wanted
  const answer = isMoved
    ? await call(apiUrl, 'PATCH', `/providers/${known.id}`, {
        accessToken,
        body: { launchUrl, allowedOrigins },
      })
    : known
      ? undefined
      : await call(apiUrl, 'POST', '/providers', { accessToken, body: wanted })
  if (answer && answer.status >= 300) throw refusal('the demo provider', answer)
  const providerId = known?.id ?? (answer!.body as { id: string }).id
  const kept = input.listing ? { others: { ...demo.others, [name]: providerId } } : { providerId }
  await writeFile(path, `${JSON.stringify({ ...demo, ...kept }, null, 2)}\n`, { mode: 0o600 })
  return providerId
}

async function readDemo(path: string): Promise<Demo> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Demo
  } catch {
    return { email: 'demo-provider@example.com', password: randomBytes(18).toString('base64url') }
  }
}

async function signIn(apiUrl: string, demo: Demo): Promise<string> {
  const { email, password } = demo
  const known = await call(apiUrl, 'POST', '/auth/login', { body: { email, password } })
  if (known.status === 200) return (known.body as { accessToken: string }).accessToken
  let made = await call(apiUrl, 'POST', '/auth/register', {
    body: { email, password, displayName: 'Demo provider' },
  })
  if (made.status === 409) {
    // The database outlived demo.json, and with it the password: go on as somebody new.
    demo.email = `demo-provider-${randomBytes(4).toString('hex')}@example.com`
    made = await call(apiUrl, 'POST', '/auth/register', {
      body: { email: demo.email, password, displayName: 'Demo provider' },
    })
  }
  if (made.status !== 201) throw refusal('the demo account', made)
  return (made.body as { accessToken: string }).accessToken
}

type Answer = { status: number; body: unknown }

async function call(
  apiUrl: string,
  method: string,
  path: string,
  options: { accessToken?: string; body?: unknown } = {},
): Promise<Answer> {
  const response = await fetch(`${apiUrl}${path}`, {
    method,
    headers: {
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(options.accessToken ? { authorization: `Bearer ${options.accessToken}` } : {}),
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text ? JSON.parse(text) : undefined }
}

function refusal(what: string, answer: Answer): Error {
  return new Error(`The API refused ${what}: ${answer.status} ${JSON.stringify(answer.body)}`)
}
