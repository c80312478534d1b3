/** Our own mistake: reported as a 500 with nothing of it in the answer. */
export class BrokenAssumption extends Error {
  override name = 'BrokenAssumption'
}

/** States what must hold. What a caller can cause is a `Problem`, never an assertion. */
export function assert(condition: unknown, whatMustHold: string): asserts condition {
  if (!condition) throw new BrokenAssumption(whatMustHold)
}
