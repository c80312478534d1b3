/**
 * Does all of it, one after the other: what fails keeps nothing behind it from being done.
 *
 * @throws what failed, when all was tried
 */
export async function doEach(parts: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: Error[] = []
  for (const part of parts)
    await part().catch((error: Error) => {
      failures.push(error)
    })
  if (failures.length > 1)
    throw new AggregateError(failures, failures.map(({ message }) => message).join('; '))
  if (failures[0]) throw failures[0]
}
