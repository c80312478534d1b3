// A process of its own for the test that kills one: delivers once, and stays.
import { pino } from 'pino'
import { readConfig } from '../src/config.ts'
import { connect } from '../src/db.ts'
import { createOutgoing } from '../src/outgoing.ts'
import { createCourier } from '../src/webhooks/courier.ts'

const config = readConfig(process.env)
const db = connect({ databaseUrl: config.databaseUrl ?? '' })
const deps = { db, config, clock: () => new Date(), log: pino({ level: 'silent' }) }
const courier = createCourier(deps, { outgoing: createOutgoing(config) })
await courier.deliverDue()
