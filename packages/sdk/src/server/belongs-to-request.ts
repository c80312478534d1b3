/**
 * True where an answer belongs to the request that asked for it, in Cloudflare's workers and on Vercel's edge: another request
 * that waits for it fails, or waits for ever once the first one was cancelled.
 *
 * @see https://github.com/panva/jose/issues/355 and https://github.com/panva/jose/issues/509
 */
export function belongsToRequest(): boolean {
  const { navigator, EdgeRuntime } = globalThis as {
    navigator?: { userAgent?: string }
    EdgeRuntime?: string
  }
  return navigator?.userAgent === 'Cloudflare-Workers' || EdgeRuntime !== undefined
}
