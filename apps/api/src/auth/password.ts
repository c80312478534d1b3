/**
 * Passwords: Argon2id, a few at a time.
 *
 * @module
 */
import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { assert } from '../assert.ts'
import { Problem } from '../errors.ts'

/** Counted in characters, of any script; there is no rule of composition. */
export const PASSWORD_CHARACTERS_MIN = 8
export const PASSWORD_CHARACTERS_MAX = 128

/** OWASP's figures for Argon2id: 19 MiB, two passes, one lane. `algorithm` 2 is Argon2id. */
const ARGON2 = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
/** Hashing runs on libuv's four threads, which files and name look-ups need as well. */
const RUNNING_MAX = Math.min(2, availableParallelism())
/** About five seconds of work for two cores: who comes after that is better off trying again. */
const WAITING_MAX = 250

export interface Passwords {
  hash(password: string): Promise<string>
  /**
   * With no hash, or the mark of an account without a password, it does the same work against a dummy and answers
   * false: nobody learns which e-mails exist.
   */
  verify(passwordHash: string | undefined, password: string): Promise<boolean>
}

/**
 * @param input.burstFactor multiplies how many may wait
 * @throws {Problem} `unavailable` from both functions while too many wait.
 */
export function createPasswords({ burstFactor = 1 } = {}): Passwords {
  const waitingMax = Math.ceil(WAITING_MAX * burstFactor)
  const waiting: (() => void)[] = []
  let running = 0
  const dummyHash = hash('nobody has this password', ARGON2)

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= RUNNING_MAX) {
      if (waiting.length >= waitingMax) {
        throw new Problem('unavailable', { retryAfterSeconds: 5 }, 'too many passwords wait to be hashed')
      }
      // Whoever finishes hands its place on, so `running` does not change here.
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else {
      running += 1
    }
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
      assert(running >= 0, 'a place is given back once')
    }
  }

  return {
    hash: (password) => inTurn(() => hash(composed(password), ARGON2)),
    async verify(passwordHash, password) {
      const isHash = passwordHash?.startsWith('$argon2id$') ?? false
      const compared = passwordHash !== undefined && isHash ? passwordHash : await dummyHash
      const isRight = await inTurn(() => verify(compared, composed(password)))
      return isRight && isHash
    },
  }
}

/** A lone surrogate has no UTF-8 form: two different passwords would become one. @throws {Problem} `validation_failed` */
export function refuseMalformed(password: string, path: string): void {
  if (password.isWellFormed()) return
  throw new Problem('validation_failed', { errors: [{ path, message: 'must be well-formed text' }] })
}

/** The same characters typed on another keyboard or system are the same password (NIST SP 800-63B, 3.1.1.2). */
function composed(password: string): string {
  return password.normalize('NFKC')
}
