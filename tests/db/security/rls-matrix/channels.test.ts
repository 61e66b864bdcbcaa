import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Authorize, createAuthorize } from '../../../../scripts/stack/realtime/authorize.ts'
import { connect, databaseUrl, disconnect } from '../../../helpers/database.ts'
import { asRole } from '../../../helpers/in-database.ts'
import { seedTwoWorkspaces, type TwoWorkspaces } from '../../../helpers/two-workspaces.ts'
import { CALLERS, type Caller, type Row, row } from './callers.ts'

// owner admin editor viewer stranger anon service_role
const LISTEN = row('listen listen listen listen nothing nothing talk')
const TALK = row('talk talk talk listen nothing nothing talk')
const NOTHING = row('nothing nothing nothing nothing nothing nothing talk')

/** Who may do what on a channel of workspace A. Policies do not bind the secret key. */
const channels: Record<string, Row> = {
  'workspace:{workspace}': LISTEN,
  'account:{account}': LISTEN,
  'post:{scheduled}': TALK,
  'post:{published}': TALK,

  'workspace:{account}': NOTHING,
  'account:{workspace}': NOTHING,
  'post:{account}': NOTHING,
  '{workspace}': NOTHING,
  'workspace:': NOTHING,
  'workspace:%': NOTHING,
  'workspace:{workspace} ': NOTHING,
  'account:{account}:more': NOTHING,
  'post:not-a-uuid': NOTHING,
  'post:{scheduled}\n': NOTHING,
  'events:{workspace}': NOTHING,
}

let seed: TwoWorkspaces
let pool: Pool
let authorize: Authorize

beforeAll(async () => {
  const client = await connect()
  seed = await seedTwoWorkspaces(client)
  await disconnect(client)
  pool = new Pool({ connectionString: asRole(await databaseUrl(), 'supabase_admin'), max: 1 })
  authorize = createAuthorize(pool)
})

afterAll(() => pool.end())

const claimsOf = (caller: Caller) =>
  caller === 'anon' || caller === 'service_role'
    ? { role: caller, exp: Number.POSITIVE_INFINITY }
    : { role: 'authenticated', sub: seed.people[caller].id, exp: Number.POSITIVE_INFINITY }

/** Broadcast and presence are asked for together: a channel has one answer. */
async function rights(caller: Caller, topic: string): Promise<string> {
  const { broadcast, presence } = await authorize(claimsOf(caller), topic)
  expect(broadcast).toEqual(presence)
  if (broadcast.write) return broadcast.read ? 'talk' : 'talk without listening'
  return broadcast.read ? 'listen' : 'nothing'
}

describe.each(Object.entries(channels))('%j', (topic, expected) => {
  test('opens to those it is for', async () => {
    const name = topic.replaceAll(/\{(\w+)\}/g, (_, id) => seed.a[id as keyof typeof seed.a])
    const seen = {} as Row
    for (const caller of CALLERS) seen[caller] = await rights(caller, name)
    expect(seen).toEqual(expected)
  })
})
