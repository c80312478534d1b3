/**
 * Bodies of senders whom only the body itself can prove: together they hold no more memory than they are given.
 *
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { Problem } from '../errors.ts'

/** What a piece takes besides its bytes: whoever sends them one by one would hold a hundred times what is counted. */
const PIECE_BYTES = 256

/**
 * Reads bodies while all that are arriving fit together. Where they do not, those that began first are given up: a body that is sent
 * at once has come before it is the oldest, so whoever dribbles or floods takes the room of others who do.
 *
 * @param input.bytesMax of one body
 * @param input.arrivingBytesMax of all that have not come whole
 * @example const read = createBodyReader({ bytesMax: 1_000_000, arrivingBytesMax: 16_000_000 }); await read(request)
 */
export function createBodyReader(input: {
  bytesMax: number
  arrivingBytesMax: number
}): (request: IncomingMessage) => Promise<Buffer> {
  const { bytesMax, arrivingBytesMax } = input
  /** The oldest first, each with how to give it up. */
  const arriving = new Set<() => void>()
  let arrivingBytes = 0

  function makeRoom(): void {
    for (const giveUp of arriving) {
      if (arrivingBytes <= arrivingBytesMax) return
      giveUp()
    }
  }

  return (request) =>
    new Promise((resolve, reject) => {
      const tooLarge = () =>
        new Problem('payload_too_large', {
          detail: `Send at most ${bytesMax.toLocaleString('en-US')} bytes.`,
        })
      if (Number(request.headers['content-length']) > bytesMax) return reject(tooLarge())
      const pieces: Buffer[] = []
      let [bytes, counted] = [0, 0]
      const giveUp = () => fail(new Problem('request_timeout', {}, 'too much is arriving'))
      const stop = () => {
        arriving.delete(giveUp)
        arrivingBytes -= counted
        request.off('data', take).off('end', finish).off('error', lose)
      }
      const fail = (error: Error) => {
        stop()
        pieces.length = 0
        reject(error)
      }
      const lose = ({ message }: Error) => fail(new Problem('malformed_request', {}, message))
      const finish = () => {
        stop()
        resolve(Buffer.concat(pieces, bytes))
      }
      const take = (piece: Buffer) => {
        bytes += piece.length
        counted += piece.length + PIECE_BYTES
        arrivingBytes += piece.length + PIECE_BYTES
        if (bytes > bytesMax) return fail(tooLarge())
        pieces.push(piece)
        makeRoom()
      }
      arriving.add(giveUp)
      request.on('data', take).on('end', finish).on('error', lose)
    })
}
