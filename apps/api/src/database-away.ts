const AWAY_CODE =
  /^(08|53|57|58)|^(ECONN(REFUSED|RESET|ABORTED)|E(HOST|NET)(DOWN|UNREACH)|ENETRESET|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT)$/
const AWAY_MESSAGE =
  /connection terminated|not queryable|query read timeout|timeout exceeded when trying to connect/i

/** PostgreSQL that is away, full or silent. Where it went away during a commit, nobody can say what became of it. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code = '', syscall } = error as NodeJS.ErrnoException
  return AWAY_CODE.test(code) || syscall === 'connect' || AWAY_MESSAGE.test(error.message)
}
