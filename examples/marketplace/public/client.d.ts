/** The server writes `client.js` from the package's sources: this is what stands in it. */
export * from '../../../packages/client/src/index.ts'
