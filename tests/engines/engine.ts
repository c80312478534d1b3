/**
 * What the suite needs of a browser, whichever drives it.
 *
 * @module
 */

export type EngineName = 'Chromium' | 'Firefox' | 'WebKitGTK'

/** One tab. Expressions are JavaScript whose value, or what it promises, can be written as JSON. */
export interface Tab {
  goto(url: string): Promise<void>
  run<Value>(expression: string): Promise<Value>
  reload(): Promise<void>
  back(): Promise<void>
  /** Closes it as a person does, so that the page hears of it. */
  close(): Promise<void>
  /** Only where DevTools allow it. */
  hide?(): Promise<void>
  freeze?(): Promise<void>
  thaw?(): Promise<void>
}

/** A browser with nothing kept from before: no storage, no tabs. */
export interface Engine {
  version: string
  newTab(): Promise<Tab>
  close(): Promise<void>
}

export interface EngineProgram {
  name: EngineName
  /** How it is driven, for the table. */
  driver: string
  open(): Promise<Engine>
}
