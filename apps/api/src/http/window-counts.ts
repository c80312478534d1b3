/**
 * Counts per key that start anew when the key's window ends, in this process.
 *
 * Every live session is a key here, so an entry is two small integers and nobody keeps a timer for it: what has run out
 * leaves with its generation.
 *
 * @module
 */
interface Entry {
  count: number
  endsAtSecond: number
}

export class WindowCounts {
  readonly #windowSeconds: number
  #young = new Map<string, Entry>()
  #old = new Map<string, Entry>()
  #turnsAtSecond = 0

  constructor(windowSeconds: number) {
    this.#windowSeconds = windowSeconds
  }

  /** How many keys are remembered, ended ones included. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** @returns the key's running window, if there is one. */
  find(key: string): Readonly<Entry> | undefined {
    const second = this.#turn()
    const entry = this.#young.get(key) ?? this.#old.get(key)
    // A window that ends too far ahead was begun before the clock was set back.
    const isRunning =
      entry !== undefined && entry.endsAtSecond > second && entry.endsAtSecond <= second + this.#windowSeconds
    return isRunning ? entry : undefined
  }

  /** Counts one more, in a new window if none runs. */
  add(key: string): Readonly<Entry> {
    let entry = this.find(key) as Entry | undefined
    if (!entry) {
      entry = { count: 0, endsAtSecond: Math.floor(Date.now() / 1000) + this.#windowSeconds }
      this.#young.set(key, entry)
    }
    entry.count += 1
    return entry
  }

  /** Takes one back. */
  subtract(key: string): void {
    const entry = this.find(key) as Entry | undefined
    if (entry && entry.count > 0) entry.count -= 1
  }

  delete(key: string): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  /** Whatever was begun a whole window before the last turn has ended by now. */
  #turn(): number {
    const second = Math.floor(Date.now() / 1000)
    const isSetBack = this.#turnsAtSecond > second + this.#windowSeconds
    if (second >= this.#turnsAtSecond || isSetBack) {
      this.#old = this.#young
      this.#young = new Map()
      this.#turnsAtSecond = second + this.#windowSeconds
    }
    return second
  }
}
