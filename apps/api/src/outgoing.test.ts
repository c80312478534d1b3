import { createSocket, type Socket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INNER_NAMES, REFUSED_URLS } from '../test/refused-urls.ts'
import { type Receiver, startReceiver } from '../test/webhook-receiver.ts'
import { createOutgoing, createResolve, findWrongInUrl, type Outgoing } from './outgoing.ts'
import { createJudgeAddress } from './outgoing-address.ts'

const inside = { isProduction: false, outgoingAllowCidrs: [] }
const loopback = { isProduction: false, outgoingAllowCidrs: ['127.0.0.0/8'] }

describe('an address is judged by what is written in it', () => {
  test.each(REFUSED_URLS)('%s is refused', (url) => {
    expect(findWrongInUrl(url, inside)).toMatch(/private address|absolute address/)
  })

  test.each(INNER_NAMES)('%s is a name of an inner network and is refused before anybody asks DNS', (url) => {
    expect(findWrongInUrl(url, inside)).toBe('must not be a private name')
  })

  test('where an operator allows inner addresses, inner names may lead to them', () => {
    expect(findWrongInUrl('http://receiver:8080/', loopback)).toBeUndefined()
  })

  test.each([
    'https://example.com/hook',
    'https://internal.example.com/',
    'https://xn--bcher-kva.example/',
    'https://8.8.8.8/',
    'https://[2606:4700::1111]/',
    'http://example.com:80/',
  ])('%s may be called', (url) => {
    expect(findWrongInUrl(url, inside)).toBeUndefined()
  })

  test.each([
    ['ftp://example.com/', 'must be https or http'],
    ['file:///etc/passwd', 'must be https or http'],
    ['gopher://example.com/', 'must be https or http'],
    ['javascript:alert(1)', 'must be https or http'],
    ['/hook', 'must be an absolute address'],
    ['https://user:word@example.com/', 'must not contain credentials'],
    ['https://user@example.com/', 'must not contain credentials'],
    ['https://@example.com/', 'must not contain credentials'],
    ['https://:@example.com/', 'must not contain credentials'],
    ['https:\\\\@example.com/', 'must not contain credentials'],
    ['https://example.com/#part', 'must not have a fragment'],
    ['https://example.com:22/', 'must use port 80 or 443'],
    ['https://example.com:8443/', 'must use port 80 or 443'],
    ['https://8.8.8.8:5432/', 'must use port 80 or 443'],
  ])('%s %s', (url, wrong) => {
    expect(findWrongInUrl(url, inside)).toBe(wrong)
  })

  test('in production it must be https', () => {
    expect(findWrongInUrl('http://example.com/', { ...inside, isProduction: true })).toBe('must be https')
    expect(findWrongInUrl('https://example.com/', { ...inside, isProduction: true })).toBeUndefined()
  })

  test('what the operator allows may be called on any port, and nothing beside it', () => {
    expect(findWrongInUrl('http://127.0.0.1:4567/', loopback)).toBeUndefined()
    expect(findWrongInUrl('http://localhost:4567/', loopback)).toBeUndefined()
    expect(findWrongInUrl('http://10.0.0.1:4567/', loopback)).toBe('must not be a private address')
    expect(findWrongInUrl('http://[::ffff:127.0.0.1]:4567/', loopback)).toBe('must not be a private address')
    expect(findWrongInUrl('https://8.8.8.8:4567/', loopback)).toBe('must use port 80 or 443')
  })

  test('a CIDR that cannot be read is an error at start', () => {
    expect(() => createJudgeAddress(['127.0.0.0'])).toThrow('OUTGOING_ALLOW_CIDRS')
  })
})

describe('an address is judged again where the socket connects', () => {
  let receiver: Receiver
  const open: Outgoing[] = []
  const outgoingBy = (...args: Parameters<typeof createOutgoing>) => {
    const outgoing = createOutgoing(...args)
    open.push(outgoing)
    return outgoing
  }
  const post = (outgoing: Outgoing, url: string) =>
    outgoing.post(url, { headers: { 'content-type': 'application/json' }, body: '{}' })
  beforeAll(async () => {
    receiver = await startReceiver()
  })
  afterAll(async () => {
    await Promise.all(open.map((outgoing) => outgoing.end()))
    await receiver.close()
  })

  test.each([
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '168.63.129.16',
    '::1',
    '::ffff:127.0.0.1',
    'fe80::1%eth0',
    'fd00:ec2::254',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2606:4700::5efe:7f00:1',
    '2001:0:7f00:1::',
    '64:ff9b:1::7f00:1',
    'fec0::1',
    '0.0.0.0',
    '2130706433',
    '0x7f000001',
    'not an address',
  ])('a name that leads to %s is refused', async (address) => {
    const outgoing = outgoingBy(inside, { resolve: async () => [address] })
    await expect(post(outgoing, 'http://innocent.example/')).rejects.toThrow('may not be called')
  })

  test('of a name with several addresses only those that passed are called', async () => {
    const outgoing = outgoingBy(loopback, { resolve: async () => ['10.0.0.1', '::1', '127.0.0.1'] })
    const answer = await post(outgoing, `http://mixed.example:${receiver.port}/`)
    expect(answer.status).toBe(204)
  })

  test('an unusual port of a public address is refused at the socket, whatever the name', async () => {
    const outgoing = outgoingBy(loopback, { resolve: async () => ['8.8.8.8'] })
    await expect(post(outgoing, 'http://public.example:5432/')).rejects.toThrow('Only ports 80 and 443')
  })

  test('the look-up and the connection cannot be told different things', async () => {
    // The first answer passes and nobody listens there; every later one is the receiver's, which may not be called. Were
    // there a second look-up after the judgement, the receiver would be reached.
    const dns = await startDns([['127.0.0.2'], ['127.0.0.1'], ['127.0.0.1']])
    const resolver = new Resolver({ timeout: 500, tries: 1 })
    resolver.setServers([`127.0.0.1:${dns.port}`])
    const asked = createResolve(resolver)
    const seen: string[][] = []
    const onlyTheOther = { isProduction: false, outgoingAllowCidrs: ['127.0.0.2/32'] }
    const outgoing = outgoingBy(onlyTheOther, {
      resolve: async (hostname) => {
        const addresses = await asked(hostname)
        seen.push(addresses)
        return addresses
      },
    })
    const before = receiver.received.length
    const url = `http://rebind.example:${receiver.port}/`
    await expect(post(outgoing, url)).rejects.toThrow('The connection was refused.')
    await expect(post(outgoing, url)).rejects.toThrow('may not be called')
    await expect(post(outgoing, url)).rejects.toThrow('may not be called')
    expect(seen).toEqual([['127.0.0.2'], ['127.0.0.1'], ['127.0.0.1']])
    expect(receiver.received.length).toBe(before)
    await dns.close()
  })

  test('a name nobody knows is said to be one', async () => {
    const outgoing = outgoingBy(inside, { resolve: async () => [] })
    await expect(post(outgoing, 'http://nowhere.example/')).rejects.toThrow('could not be resolved')
  })
})

describe('an answer is taken with care', () => {
  const outgoing = createOutgoing(loopback, { timeoutMs: 300 })
  afterAll(() => outgoing.end())
  const askOnce = async (answer: Parameters<typeof startReceiver>[0]) => {
    const receiver = await startReceiver(answer)
    try {
      const result = await outgoing
        .post(receiver.url, { headers: { 'content-type': 'application/json' }, body: '{}' })
        .catch((error: Error) => error)
      return { result, received: receiver.received.length }
    } finally {
      await receiver.close()
    }
  }

  test('a redirect is an answer and is not followed', async () => {
    const target = await startReceiver()
    const { result } = await askOnce((response) => response.writeHead(307, { location: target.url }).end())
    expect(result).toMatchObject({ status: 307 })
    expect(target.received).toEqual([])
    await target.close()
  })

  test('no more than the first kilobyte is read of an endless answer', async () => {
    const { result } = await askOnce((response) => {
      response.writeHead(200)
      const more = () => {
        while (response.writable && response.write('x'.repeat(16_384)));
        if (response.writable) response.once('drain', more)
      }
      more()
    })
    expect(result).toMatchObject({ status: 200, excerpt: 'x'.repeat(1024) })
  })

  test('one that does not come, or does not end, is given up in time', async () => {
    const silent = await askOnce(() => {})
    expect(silent.result).toMatchObject({ message: 'No answer in time.' })
    const slow = await askOnce((response) => response.writeHead(200).write('a'))
    expect(slow.result).toMatchObject({ message: 'No answer in time.' })
  })

  test('headers without an end and a broken connection are failures in plain words', async () => {
    const large = await askOnce((response) => response.writeHead(200, { x: 'y'.repeat(40_000) }).end())
    expect(large.result).toMatchObject({ message: 'The answer is not HTTP that we accept.' })
    const broken = await askOnce((response) => response.destroy())
    expect(broken.result).toMatchObject({ message: 'The connection broke.' })
    const nobody = await outgoing
      .post('http://127.0.0.1:1/', { headers: {}, body: '' })
      .catch((error: Error) => error)
    expect(nobody).toMatchObject({ message: 'The connection was refused.' })
  })

  test('a NUL and a broken character become ones that can be stored', async () => {
    const { result } = await askOnce((response) => response.end(Buffer.from([0x61, 0x00, 0xff, 0x62])))
    expect(result).toMatchObject({ excerpt: 'a\ufffd\ufffdb' })
  })
})

/** Answers A questions with one list after the other, and knows no IPv6. */
async function startDns(answers: string[][]): Promise<{ port: number; close(): Promise<void> }> {
  const socket: Socket = createSocket('udp4')
  let asked = 0
  socket.on('message', (query, from) => {
    const question = query.subarray(12)
    const nameEnd = question.indexOf(0)
    const type = question.readUInt16BE(nameEnd + 1)
    const addresses = type === 1 ? (answers[asked++] ?? []) : []
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(0x8180, 2)
    head.writeUInt16BE(addresses.length, 6)
    head.writeUInt16BE(0, 8)
    head.writeUInt16BE(0, 10)
    const records = addresses.map((address) =>
      Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
    )
    socket.send(Buffer.concat([head, question.subarray(0, nameEnd + 5), ...records]), from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return {
    port: (socket.address() as AddressInfo).port,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}
