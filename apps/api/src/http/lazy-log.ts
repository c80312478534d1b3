import type { FastifyBaseLogger } from 'fastify'
import type { Logger } from 'pino'

type Words = [object, string?, ...unknown[]]

/**
 * A request's logger that is made when it first has something to say. Most beats log nothing, and making a child, whose
 * bindings are searched for secrets, was 3 % of a beat's cost.
 */
class LazyLog {
  readonly #parent: Logger
  readonly #bindings: Record<string, unknown>
  #made: Logger | undefined

  constructor(parent: Logger, bindings: Record<string, unknown>) {
    this.#parent = parent
    this.#bindings = bindings
  }

  get level(): string {
    return this.#parent.level
  }

  child(bindings: Record<string, unknown>): Logger {
    return this.#log.child(bindings)
  }

  trace(...words: Words): void {
    if (this.#parent.isLevelEnabled('trace')) this.#log.trace(...words)
  }

  debug(...words: Words): void {
    if (this.#parent.isLevelEnabled('debug')) this.#log.debug(...words)
  }

  info(...words: Words): void {
    if (this.#parent.isLevelEnabled('info')) this.#log.info(...words)
  }

  warn(...words: Words): void {
    this.#log.warn(...words)
  }

  error(...words: Words): void {
    this.#log.error(...words)
  }

  fatal(...words: Words): void {
    this.#log.fatal(...words)
  }

  silent(): void {
    // Says nothing, as pino's does.
  }

  get #log(): Logger {
    this.#made ??= this.#parent.child(this.#bindings)
    return this.#made
  }
}

export const lazyChild = (parent: FastifyBaseLogger, bindings: Record<string, unknown>): FastifyBaseLogger =>
  new LazyLog(parent as Logger, bindings) as FastifyBaseLogger
