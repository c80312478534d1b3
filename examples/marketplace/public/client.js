/** An app outside of this repository has it from `@token-marketplace/client`. */
export * from '../../../packages/client/src/index.ts'
