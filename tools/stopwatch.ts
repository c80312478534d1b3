/**
 * `npm run stopwatch`: how long the integration guide takes, from an empty app to a validated session.
 *
 * @module
 */
import { countLines, readGuide } from './guide.ts'
import { performGuide } from './perform-guide.ts'

const steps = readGuide()
const { seconds, session, address } = await performGuide((line) => console.log(line))
console.log(`the session is ${session.status}, at ${address}

${steps.length} steps and ${countLines(steps)} lines, performed in ${seconds.toFixed(1)} seconds.`)
