import { readFileSync } from 'node:fs'

const LOOK_MS = 1000

/**
 * Ends what an npm script started when its npm is gone. There is a shell between the two, which passes no signal on: who ends
 * npm ends it and the shell, and leaves this process behind with its port.
 *
 * Looks, because nobody tells: that the parent is another one now, and, for an npm killed the hard way, that the shell's is.
 *
 * @param script name of the npm script that starts this process itself; started otherwise it is left alone
 * @example endWithNpm('start', () => process.exit(1))
 */
export function endWithNpm(script: string, end: () => void): void {
  if (process.env.npm_lifecycle_event !== script) return
  const parent = process.ppid
  const npm = isShell(parent) ? findParent(parent) : undefined
  const looking = setInterval(() => {
    if (process.ppid === parent && (npm === undefined || findParent(parent) === npm)) return
    clearInterval(looking)
    end()
  }, LOOK_MS).unref()
}

/**
 * Some shells become the one command they are given. Then our parent is npm itself, and who started that may go: a terminal
 * that was left, for instance.
 */
function isShell(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[1] === '-c'
  } catch {
    return false
  }
}

/** Undefined where the system does not tell; then only the death of our own parent is noticed. */
function findParent(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '')
    return Number(fields.split(' ')[1])
  } catch {
    return undefined
  }
}
