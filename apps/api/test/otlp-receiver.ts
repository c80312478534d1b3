import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'

export interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[]
  links?: { traceId: string; spanId: string }[]
  status?: { code?: number }
}

/** A real OTLP/HTTP receiver: what the SDK sends is what a collector would get. */
export async function startOtlpReceiver() {
  const received: Span[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      expect([request.method, request.url]).toEqual(['POST', '/v1/traces'])
      for (const { scopeSpans } of JSON.parse(text).resourceSpans)
        for (const { spans } of scopeSpans) received.push(...spans)
      response.setHeader('content-type', 'application/json')
      response.end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    received,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The first span that fits, once it came. */
    async find(holds: (span: Span) => boolean): Promise<Span> {
      await expect
        .poll(() => received.some(holds), { timeout: 15_000, message: 'the span arrives' })
        .toBe(true)
      return received.find(holds) as Span
    },
    close: () => {
      server.close()
    },
  }
}

export function attributeOf({ attributes }: Span, name: string): string | number | undefined {
  const { value } = attributes.find(({ key }) => key === name) ?? {}
  return value?.stringValue ?? (value?.intValue === undefined ? undefined : Number(value.intValue))
}
