import type { Call } from './load.ts'
import { clientId } from './seed.ts'

/**
 * Sessions really opened, whose launch JWTs nobody has spent.
 *
 * @returns what validates them
 */
export async function openLaunches(url: string, opens: readonly Call[]): Promise<Call[]> {
  const launches: Call[] = []
  for (let from = 0; from < opens.length; from += 50) {
    const opened = await Promise.all(
      opens.slice(from, from + 50).map(async ({ path, token, body }) => {
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
        const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body })
        return (await answer.json()) as { launchJwt: string }
      }),
    )
    for (const { launchJwt } of opened) {
      launches.push({ path: '/api/v1/sessions/validate', body: JSON.stringify({ launchJwt, clientId }) })
    }
  }
  return launches
}
