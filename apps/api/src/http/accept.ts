/**
 * How much something is asked for by name in a header such as `Accept`: 0 when it is not named, or named with `q=0` as what
 * must not come (RFC 9110, 12.4.2). Names know no case. Wildcards name nothing: whoever takes anything gets what we like.
 *
 * @example weightOf('text/html;q=0.5, application/json', 'text/html') // 0.5
 */
export function weightOf(header = '', name: string): number {
  for (const range of header.toLowerCase().split(',')) {
    const [named, ...parameters] = range.split(';').map((part) => part.trim())
    if (named !== name) continue
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    return q === undefined ? 1 : Number(q.slice(2)) || 0
  }
  return 0
}
