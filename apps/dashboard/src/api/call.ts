/**
 * The API as the signed-in person.
 *
 * @module
 */
import { breakOff, Problem, readJson, type Sending, send } from './http.ts'
import { waitForAccessToken } from './sign-in.ts'

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

/** Keys of requests that got no answer: sent again, they must not be done twice. */
const unanswered = new Map<string, string>()

/** @throws {Problem | Unreachable | SignedOut} */
export async function call<T>(
  method: Method,
  path: string,
  body?: object,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<T> {
  const sending: Sending = { method, ...(body && { body }), signal: options.signal }
  if (method !== 'POST') return readJson<T>(await sendAsUser(path, sending))
  const request = `${path} ${JSON.stringify(body)}`
  const idempotencyKey = unanswered.get(request) ?? crypto.randomUUID()
  unanswered.set(request, idempotencyKey)
  try {
    const answer = await readJson<T>(await sendAsUser(path, { ...sending, idempotencyKey }))
    unanswered.delete(request)
    return answer
  } catch (error) {
    const isAnswered =
      error instanceof Problem && error.status < 500 && error.code !== 'idempotency_in_progress'
    if (isAnswered) unanswered.delete(request)
    throw error
  }
}

/** @throws {Problem | Unreachable | SignedOut} */
export async function fetchFile(path: string, sending: Sending): Promise<Blob> {
  return (await sendAsUser(path, sending)).blob().catch(breakOff)
}

/** The answer as it comes, for streams. */
export async function sendAsUser(path: string, sending: Sending): Promise<Response> {
  const accessToken = await waitForAccessToken()
  try {
    return await send(path, { ...sending, accessToken })
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'unauthenticated') throw error
    return send(path, { ...sending, accessToken: await waitForAccessToken(accessToken) })
  }
}
