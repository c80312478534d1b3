import { expect, test } from 'vitest'
import { findWrongImports } from './tidy.ts'

const sessions = 'apps/api/src/sessions/create-session.ts'

test.each([
  [
    'apps/api/src/ledger/place-hold.ts',
    "import { createSession } from '../sessions/create-session.ts'",
    'a layer above it',
  ],
  ['apps/api/src/db.ts', "import { holdTokens } from './ledger/hold-tokens.ts'", 'a layer above it'],
  [sessions, "import { createApp } from '../app.ts'", 'a layer above it'],
  [sessions, "import { createPurchase } from '../tokens/create-purchase.ts'", 'a verb of its neighbour'],
  [
    sessions,
    "import {\n  type Purchase,\n  createPurchase,\n} from '../tokens/create-purchase.ts'",
    'a verb of its neighbour',
  ],
  [sessions, "import { x } from '../../../../packages/sdk/src/wire.ts'", 'outside of the API'],
])('%s may not %s', (path, text, why) => {
  expect(findWrongImports(path, text)).toEqual([expect.stringContaining(why)])
})

test.each([
  [sessions, "import { placeHold } from '../ledger/place-hold.ts'"],
  [sessions, "import { Problem } from '../errors.ts'"],
  [sessions, "import { SESSION_MINUTES_MAX } from './session.ts'"],
  [sessions, "import { PURCHASE_TOKENS_MAX } from '../tokens/purchase.ts'"],
  [sessions, "import type { Deps } from '../deps.ts'"],
  [
    'apps/api/src/sessions/create-session.test.ts',
    "import { createPurchase } from '../tokens/create-purchase.ts'",
  ],
  ['apps/api/src/app.ts', "import { sessionRoutes } from './sessions/routes.ts'"],
])('%s may %s', (path, text) => {
  expect(findWrongImports(path, text)).toEqual([])
})
