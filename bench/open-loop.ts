/**
 * Sends at its own pace: an answer that is late does not hold back the next call, so nothing is left out of the figures.
 *
 * Over bare sockets, because a client with all that clients do takes as long as the API, on the same two cores: then the
 * driver's own queue would be measured.
 *
 * @module
 */
import { connect, type Socket } from 'node:net'
import type { Driven } from './load.ts'

export interface Request {
  method?: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body: string
}

interface Due {
  at: number
  request: Request
}

const HEAD_END = '\r\n\r\n'
/** By each connection before the clock starts: opening them and compiling this program is not the server's latency. */
const WARMING_CALLS = 20

export async function openLoop(
  { url, connections, seconds, rate }: { url: string; connections: number; seconds: number; rate: number },
  nextCall: () => Request,
): Promise<Driven> {
  const { hostname, port } = new URL(url)
  const latencies: number[] = []
  let errors = 0
  const waiting: Due[] = []
  const lines = Array.from(
    { length: connections },
    () => new Line(connect({ host: hostname, port: Number(port), noDelay: true })),
  )
  await Promise.all(lines.map((line) => warmUp(line)))
  const free = [...lines]
  const onAnswer = (line: Line, { at }: Due, status: number) => {
    latencies.push(performance.now() - at)
    if (status < 200 || status > 299) errors += 1
    const next = waiting.shift()
    if (next) line.send(next, onAnswer)
    else free.push(line)
  }
  const total = Math.round(rate * seconds)
  const started = performance.now()
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * rate))
    for (; sent < due; sent += 1) {
      const one = { at: started + (sent / rate) * 1000, request: nextCall() }
      const line = free.pop()
      if (line) line.send(one, onAnswer)
      else waiting.push(one)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  while (latencies.length < total && performance.now() - started < (seconds + 30) * 1000)
    await new Promise((resolve) => setTimeout(resolve, 5))
  const took = (performance.now() - started) / 1000
  for (const line of lines) line.close()
  const answered = latencies.length - errors
  latencies.sort((a, b) => a - b)
  const p95Ms = latencies[Math.floor(latencies.length * 0.95)] ?? 0
  return { perSecond: total / took, answered, errors: total - answered, unansweredMax: 0, p95Ms }
}

async function warmUp(line: Line): Promise<void> {
  const request = { method: 'GET', path: '/healthz', headers: {}, body: '' } as const
  for (let i = 0; i < WARMING_CALLS; i += 1)
    await new Promise((resolve) => line.send({ at: 0, request }, resolve))
}

type OnAnswer = (line: Line, due: Due, status: number) => void

/** One connection, one request at a time. */
class Line {
  readonly #socket: Socket
  #due: Due | undefined
  #onAnswer: OnAnswer | undefined
  #text = ''

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      this.#text += String(chunk)
      const head = this.#text.indexOf(HEAD_END)
      if (head < 0) return
      const [, length = '0'] = /\r\ncontent-length: (\d+)/i.exec(this.#text.slice(0, head)) ?? []
      if (this.#text.length < head + HEAD_END.length + Number(length)) return
      const status = Number(this.#text.slice(9, 12))
      const due = this.#due
      this.#text = ''
      this.#due = undefined
      if (due) this.#onAnswer?.(this, due, status)
    })
    // What was under way on it is missing from the answers, and so an error.
    socket.on('error', () => socket.destroy())
  }

  send(due: Due, onAnswer: OnAnswer): void {
    this.#due = due
    this.#onAnswer = onAnswer
    const { method = 'POST', path, headers, body } = due.request
    const named = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    this.#socket.write(
      `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${named.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  }

  close(): void {
    this.#socket.destroy()
  }
}
