/**
 * Patterns of schemas, with the words that tell a person what they ask for.
 *
 * @module
 */

const refusals = new Map<string, string>()

/**
 * A pattern that is refused in words. A schema's validator names the pattern itself, which says nothing to whoever fills in a
 * form, and which is half a screen long where it lists what nobody can see.
 *
 * @param refusal goes on after the name of a field: `must be …`
 * @example
 * const category = Type.String({ pattern: inWords('^[a-z]+$', 'must be small letters') })
 */
export function inWords(pattern: string, refusal: string): string {
  refusals.set(pattern, refusal)
  return pattern
}

/** What a text that does not match is told. */
export function describePattern(pattern: string): string {
  return refusals.get(pattern) ?? `must match pattern "${pattern}"`
}
