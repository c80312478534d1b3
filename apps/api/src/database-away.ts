const AWAY_CODE = /^(08|53|57|58)|^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EPIPE|ETIMEDOUT)$/
const AWAY_MESSAGE =
  /connection terminated|not queryable|query read timeout|timeout exceeded when trying to connect/i

/** PostgreSQL that is away, full or silent. Where it went away during a commit, nobody can say what became of it. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return AWAY_CODE.test((error as { code?: string }).code ?? '') || AWAY_MESSAGE.test(error.message)
}
