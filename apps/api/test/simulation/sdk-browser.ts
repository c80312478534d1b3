/**
 * A browser on a person's laptop, for pages that run the real SDK: its timers, clocks, storage and network.
 *
 * @module
 */
import { createPublicKey, verify } from 'node:crypto'
import {
  createFakeBrowser,
  type Device,
  type FakeBrowser,
} from '../../../../packages/sdk/src/testing/fake-browser.ts'
import type { PublicKey } from '../../../../packages/sdk/src/wire.ts'
import type { Person } from './person.ts'

const SECOND = 1_000

interface Timer {
  run: () => void
  isCleared: boolean
}

export class SdkBrowser {
  readonly fake: FakeBrowser
  isAwake = true
  readonly #person: Person
  readonly #device: Device
  /** On Windows `performance.now` runs on through sleep. */
  readonly #isStoppedBySleep: boolean
  #asleepSince = 0
  #jumpedAt = 0
  /** What is to happen as soon as it wakes. */
  #onWake: (() => void)[] = []

  constructor(person: Person) {
    this.#person = person
    const { random } = person
    this.#isStoppedBySleep = random.chance(0.5)
    this.#device = { skewMs: random.whole(-90, 90) * SECOND, sleptMs: 0, isOnline: true }
    const refuse = () => {
      throw new Error('its pages have a network of their own')
    }
    this.fake = createFakeBrowser(this.#time(), this.#device, refuse, random.whole(1, 2 ** 30))
    // What is due at one instant is done before the next event.
    person.settle = () => new Promise((resolve) => void setImmediate(resolve))
  }

  #time() {
    const person = this.#person
    return {
      now: () => person.now,
      set: (callback: () => void, delayMs: number, isHeld: () => boolean): Timer => {
        const timer: Timer = {
          run: () => timer.isCleared || isHeld() || callback(),
          isCleared: false,
        }
        person.in(delayMs, () => this.whenAwake(timer.run))
        return timer
      },
      clear: (timer: unknown) => {
        if (timer) (timer as Timer).isCleared = true
      },
    }
  }

  /** Nothing runs in sleep: what was due comes after the wake. */
  whenAwake(run: () => void): void {
    if (this.isAwake) run()
    else this.#onWake.push(run)
  }

  sleep(): void {
    this.isAwake = false
    this.#asleepSince = this.#person.now
  }

  wake(): void {
    if (this.isAwake) return
    this.isAwake = true
    if (this.#isStoppedBySleep) this.#device.sleptMs += this.#person.now - this.#asleepSince
    for (const run of this.#onWake.splice(0)) this.#person.in(1, () => this.whenAwake(run))
  }

  /** Its user or NTP sets the clock, once for all its tabs. */
  moveClock(): void {
    const { now, random } = this.#person
    if (this.#jumpedAt === now) return
    this.#jumpedAt = now
    this.#device.skewMs += random.whole(-3_600, 3_600) * SECOND
  }
}

/** As WebCrypto does it, and at once: a thread's answer would come at no virtual instant. */
export const verifyEs256 = async (
  key: PublicKey,
  signature: Uint8Array,
  signed: Uint8Array,
): Promise<boolean> =>
  verify(
    'sha256',
    signed,
    { key: createPublicKey({ key: { ...key }, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    signature,
  )
