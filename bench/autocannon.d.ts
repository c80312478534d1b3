/** The part of autocannon that is used here; it brings no types. */
declare module 'autocannon' {
  namespace autocannon {
    interface Options {
      url: string
      connections: number
      duration?: number
      amount?: number
      requests: { setupRequest: (request: object) => object }[]
    }
    interface Result {
      '2xx': number
      non2xx: number
      errors: number
      timeouts: number
      duration: number
    }
  }
  function autocannon(
    options: autocannon.Options,
  ): Promise<autocannon.Result> & { on(event: 'response', listener: () => void): void }
  export default autocannon
}
