import { beforeAll, describe, expect, inject, test } from 'vitest'
import { tableMatrix } from '../db/security/rls-matrix/table-matrix.ts'
import { newAccount, type SignedIn } from '../helpers/accounts.ts'

const tables = Object.entries(tableMatrix).map(([name, { whose }]) => {
  const [schema = '', table = ''] = name.split('.')
  return { name, schema, table, whose }
})
// A view over two tables takes nothing from anybody, and says so before rights are looked at.
const VIEW = 'public.activity'
const exposed = tables.filter(({ schema, name }) => schema === 'public' && name !== VIEW)
const hidden = tables.filter(({ schema }) => schema === 'private')

let person: SignedIn

beforeAll(async () => {
  person = await newAccount()
})

type Call = { schema: string; table: string; whose: string; caller: string; method: string }

/** One request to the REST API, as a caller with nothing but keys and tokens would send it. */
const request = ({ schema, table, whose, caller, method }: Call) => {
  const { api_url, publishable_key, secret_key } = inject('stack')
  const query = method === 'POST' ? '' : `?${whose}=not.is.null`
  return fetch(`${api_url}/rest/v1/${table}${query}`, {
    method,
    headers: {
      apikey: caller === 'secret key' ? secret_key : publishable_key,
      ...(caller === 'user' ? { authorization: `Bearer ${person.accessToken}` } : {}),
      'content-type': 'application/json',
      'content-profile': schema,
      'accept-profile': schema,
    },
    ...(method === 'PATCH' ? { body: JSON.stringify({ [whose]: null }) } : {}),
    ...(method === 'POST' ? { body: '{}' } : {}),
  })
}

describe.each(['nobody', 'user', 'secret key'])('%s', (caller) => {
  test.each(exposed)('cannot write $name directly', async ({ schema, table, whose }) => {
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      const response = await request({ schema, table, whose, caller, method })
      expect([method, response.status]).toEqual([method, caller === 'nobody' ? 401 : 403])
      expect(await response.json()).toMatchObject({ code: '42501' })
    }
  })

  test(`cannot write ${VIEW} either`, async () => {
    const view = { schema: 'public', table: 'activity', whose: 'workspace_id', caller }
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      const response = await request({ ...view, method })
      expect([method, await response.json()]).toMatchObject([method, { code: '55000' }])
    }
  })

  test.each(hidden)('cannot reach $name at all', async ({ schema, table, whose }) => {
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) {
      const response = await request({ schema, table, whose, caller, method })
      expect([method, response.status]).toEqual([method, 406])
      await response.body?.cancel()
    }
  })
})

test.each(['nobody', 'user'])('%s cannot call a function of the schema service', async (caller) => {
  const { api_url, publishable_key } = inject('stack')
  const response = await fetch(`${api_url}/rest/v1/rpc/ring_publish`, {
    method: 'POST',
    headers: {
      apikey: publishable_key,
      ...(caller === 'user' ? { authorization: `Bearer ${person.accessToken}` } : {}),
      'content-profile': 'service',
    },
  })
  expect([401, 403, 404]).toContain(response.status)
})

test('after all of it the profile and the workspace are there', async () => {
  const users = await person.client.from('users').select('id, email')
  const workspaces = await person.client.from('workspaces').select('is_personal')
  expect(users.data).toEqual([{ id: person.id, email: person.email }])
  expect(workspaces.data).toEqual([{ is_personal: true }])
})
