/**
 * What a visit does with a page of an app, and sees of it.
 *
 * @module
 */
import type { Verb } from './page-calls.ts'
import type { Person } from './person.ts'
import type { Use } from './use.ts'

export interface AppPage {
  readonly status: 'loading' | 'pending' | 'active' | 'paused' | 'ended' | 'failed'
  readonly isOpen: boolean
  readonly sessionJwt: string
  readonly clientId: string
  /** Runs once, when the session is over or lost. */
  onOver: (() => void) | undefined
  /** All pages of the visit, this one among them; those of another browser hear nothing of it. */
  siblings: readonly AppPage[]
  /** Trades the launch JWT, again and again while nobody answers. */
  validate(launchJwt: string, then: () => void): void
  /** Goes on with what the browser kept: after a reload, or in another tab. */
  adopt(before: AppPage): void
  beat(): void
  /** Pause, resume, complete. */
  act(verb: Exclude<Verb, 'heartbeat'>, then: (isDone: boolean) => void): void
  /** Its user has stopped, here or in another browser. What it shows until it hears of that is undecided. */
  stop(): void
  /** What the server knows, the page knows now, too; or its user goes on. */
  decide(): void
  /** It is no longer seen, because another tab opens. */
  hide(): void
  sleep(): void
  wake(): void
  /** Its clock was moved. */
  doubt(): void
  /** @param unheard where nothing was said, or it was lost */
  leave(unheard: () => void): void
  /** One of several tabs is closed. */
  close(): void
  /** Gone without a word. */
  die(): void
}

/** In a browser of its own, until it goes on with another page's. */
export type OpenPage = (person: Person, use: Use, clientId: string, label: string) => AppPage
