const AWAY_CODE =
  /^(08|53|57|58)|^(ECONN(REFUSED|RESET|ABORTED)|E(HOST|NET)(DOWN|UNREACH)|ENETRESET|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT)$/
const AWAY_MESSAGE =
  /connection terminated|not queryable|query read timeout|timeout exceeded when trying to connect/i

const refusedByStandby = new WeakSet<Error>()

/**
 * Notes what a standby answers, or a primary that became one, to whoever may write: somebody else takes the writes now. Told by
 * codes, for messages are translated; elsewhere each of them is a mistake of ours.
 *
 * @param code 0A000 of a beginning transaction that writes; 25006 of a statement that is one of its own, or of the job queue
 */
export const noteStandby =
  (code: '0A000' | '25006') =>
  (error: unknown): void => {
    if (error instanceof Error && (error as { code?: string }).code === code) refusedByStandby.add(error)
  }

export const isStandbyRefusal = (error: unknown): error is Error =>
  error instanceof Error && refusedByStandby.has(error)

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
