import { type ParseArgsConfig, parseArgs } from 'node:util'

const HELP = { help: { type: 'boolean', short: 'h' } } as const

/**
 * What stands behind the name of a command. Called before anything is done: `--help` ends the process with 0 after saying what the
 * command does, and what the command does not know ends it with 2, because whoever misspelt an option wanted something else.
 *
 * @param help begins with the line that runs the command
 * @example const { values } = readArguments(HELP, { options: { head: { type: 'string' } } })
 */
export function readArguments<const T extends Omit<ParseArgsConfig, 'args'>>(
  help: string,
  known?: T,
): ReturnType<typeof parseArgs<T>> {
  try {
    const options = { ...known?.options, ...HELP }
    const { values, positionals } = parseArgs({ ...known, options })
    if (values.help !== true) return { values, positionals } as ReturnType<typeof parseArgs<T>>
  } catch (error) {
    // Node's first sentence says what is wrong; the others explain how options are written.
    refuseArguments((error as Error).message.split('. ')[0] ?? '')
  }
  process.stdout.write(`${help}\n`)
  process.exit(0)
}

/** Says in one line what is wrong with the arguments, and ends with 2. */
export function refuseArguments(what: string): never {
  process.stderr.write(`${what}: see --help\n`)
  process.exit(2)
}
