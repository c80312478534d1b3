/**
 * `npm run stopwatch`: how long the integration guide takes, from an empty app to a validated session.
 *
 * @module
 */
import { readArguments } from '../apps/api/src/read-arguments.ts'
import { countLines, readGuide } from './guide.ts'
import { performGuide } from './perform-guide.ts'

const HELP = `npm run stopwatch

  Performs docs/sdk/guide.md in an empty Vite app, from the registry, and says how long it took.`
readArguments(HELP)
const steps = readGuide()
const { seconds, session, address } = await performGuide((line) => console.log(line))
console.log(`the session is ${session.status}, at ${address}

${steps.length} steps and ${countLines(steps)} lines, performed in ${seconds.toFixed(1)} seconds.`)
