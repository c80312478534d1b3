const AWAY_CODE =
  /^(08|53|57|58)|^(ECONN(REFUSED|RESET|ABORTED)|E(HOST|NET)(DOWN|UNREACH)|ENETRESET|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT)$/
const AWAY_MESSAGE =
  /connection terminated|not queryable|query read timeout|timeout exceeded when trying to connect/i

/** A standby, or a primary that became one: it answers, but somebody else takes the writes now. */
export function isStandbyRefusal(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: string }
  return code === '25006' || (code === '0A000' && error.message.includes('during recovery'))
}

/** PostgreSQL that is away, full, silent or a standby. Where it went away during a commit, nobody can say what became of it. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code = '', syscall } = error as NodeJS.ErrnoException
  return (
    AWAY_CODE.test(code) ||
    syscall === 'connect' ||
    AWAY_MESSAGE.test(error.message) ||
    isStandbyRefusal(error)
  )
}
