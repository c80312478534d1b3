import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const STOP_SECONDS_MAX = 20
const endWithParent = pathToFileURL(join(import.meta.dirname, 'end-with-parent.ts')).href

/** A program of ours that runs beside this one. */
export type Child = {
  name: string
  /** How it ended: "exit code 1", "SIGKILL". */
  ended: Promise<string>
  hasEnded(): boolean
  /** Asks it to end, waits, and kills it when it does not. */
  stop(): Promise<void>
  kill(): void
}

/** Starts a TypeScript program with this Node; it ends when this process does, however that happens. */
export function startChild(name: string, script: string, environment: NodeJS.ProcessEnv): Child {
  const child = spawn(process.execPath, ['--import', endWithParent, script], {
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // Ctrl-C in the terminal must reach this process alone, which then ends them in order.
    detached: process.platform !== 'win32',
    windowsHide: true,
  })
  let hasEnded = false
  const ended = new Promise<string>((resolve) => {
    const end = (how: string) => {
      hasEnded = true
      resolve(how)
    }
    child.once('error', (error) => end(error.message))
    child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`))
  })
  return {
    name,
    ended,
    hasEnded: () => hasEnded,
    stop: () => stop(child, ended),
    kill: () => child.kill('SIGKILL'),
  }
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS_MAX * 1000)
  await ended
  clearTimeout(timer)
}
