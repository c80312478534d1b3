import { connect, createServer, isIPv6 } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const WAIT_SECONDS_MAX = 3
const EVERYWHERE = ['0.0.0.0', '::']

/** Where this machine calls what listens on a host. */
export function urlOf(host: string, port: number): string {
  const address = EVERYWHERE.includes(host) ? '127.0.0.1' : host
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`
}

/**
 * Whether nobody listens on a port. Waits a moment for a taken one: an earlier run that was killed
 * may be about to let go of it.
 */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  const deadline = Date.now() + WAIT_SECONDS_MAX * 1000
  for (;;) {
    // Connecting finds listeners that binding does not notice: on ::1, on the wildcard (macOS).
    const answers = await Promise.all([doesAnswer(port, '127.0.0.1'), doesAnswer(port, '::1')])
    if (!answers.includes(true) && (await canListen(port, host))) return true
    if (Date.now() > deadline) return false
    await sleep(100)
  }
}

function doesAnswer(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host })
    const end = (isAnswered: boolean) => {
      socket.destroy()
      resolve(isAnswered)
    }
    socket.setTimeout(500, () => end(false))
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'))
    probe.listen(port, host, () => probe.close(() => resolve(true)))
  })
}
