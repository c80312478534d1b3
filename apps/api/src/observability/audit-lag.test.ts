import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../test/harness.ts'
import { chainAuditTask } from '../audit/jobs.ts'
import { recordAction } from '../audit/record-action.ts'
import { readFigures } from './figures.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const act = () =>
  api.deps.db.inBatch((tx) =>
    recordAction(tx, {
      by: { command: 'rotate-keys' },
      action: 'signing_key.add',
      subjectId: 'a key',
      now: api.clock.now(),
    }),
  )
const read = async () => {
  const { auditUnchained, auditLagSeconds } = await readFigures(api.deps.db.batch, api.clock.now())
  return [auditUnchained, auditLagSeconds]
}

test('the audit log lags by what waits longest for its link, and not at all when all of it is chained', async () => {
  expect(await read()).toEqual([0, 0])
  await act()
  api.clock.advance({ seconds: 900 })
  await act()
  api.clock.advance({ seconds: 1 })
  expect(await read()).toEqual([2, 901])
  await chainAuditTask(api.deps)({}, undefined as never)
  expect(await read()).toEqual([0, 0])
})
