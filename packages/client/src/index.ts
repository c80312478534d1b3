export {
  type Answer,
  type CallOptions,
  type ClientOptions,
  createMarketplaceClient,
  type Input,
  type MarketplaceClient,
  type OperationId,
} from './client.ts'
export type { CredentialStorage, Locks, SignedInUser } from './credentials.ts'
export { createMemoryStorage } from './credentials.ts'
export type * from './operations.ts'
export { MarketplaceProblem, type ProblemCode, SignedOut, Unreachable } from './problem.ts'
