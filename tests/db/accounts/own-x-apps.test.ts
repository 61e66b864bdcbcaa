import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signUp } from '../../helpers/callers.ts'
import { connect, disconnect, type Tx, withTx } from '../../helpers/database.ts'
import { commitAs } from '../../helpers/posts.ts'
import { type Account, actFor, at, connectAccount } from '../../helpers/publishing.ts'
import { race } from '../../helpers/race.ts'

let tx: Tx
beforeAll(async () => {
  tx = await connect()
})
afterAll(() => disconnect(tx))

type App = { id: string; status: string; posts_per_day: number | null; version: number }

const register = (client: Tx, account: Account, clientId = randomUUID(), rest: object = {}) =>
  commitAs<App>(client, account.person, `public.create_x_app($1, $2, 'v1.k.iv.sealed')`, [
    account.person.workspaceId,
    { id: randomUUID(), name: 'Own', client_id: clientId, ...rest },
  ])

const connection = (account: Account, appId: string) => ({
  id: randomUUID(),
  workspace_id: account.person.workspaceId,
  user_id: account.person.id,
  x_app_id: appId,
  remote_user_id: randomUUID(),
  twitter_username: 'someone',
  encrypted_tokens: 'v1.test.iv.sealed',
  expires_at: at(86_400),
  scopes: ['tweet.write'],
})

const outcomes = (results: PromiseSettledResult<unknown>[]) =>
  results.map((result) => (result.status === 'fulfilled' ? 'done' : result.reason.message)).sort()

const holders = async (clientId: string) =>
  (
    await tx.query<{ workspace_id: string }>(
      'select workspace_id from private.x_apps where client_id = $1 and deleted_at is null',
      [clientId],
    )
  ).rows.map((row) => row.workspace_id)

const eventsAbout = async (appId: string) =>
  (
    await tx.query(
      'select type, actor_type, actor_id from public.events where subject_id = $1 order by id',
      [appId],
    )
  ).rows

const refused = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    ({ code, message, hint }) => ({ code, message, hint }),
  )

test('of many who register one app at once, each for his workspace, one has it in the end', async () => {
  const accounts: Account[] = []
  for (let n = 0; n < 4; n += 1) accounts.push(await connectAccount(tx))
  const clientId = randomUUID()
  const results = await race(4, (client, index) =>
    register(client, accounts[index] as Account, clientId),
  )
  expect(outcomes(results)).toEqual(Array(4).fill('done'))
  expect(await holders(clientId)).toHaveLength(1)
})

test('nobody keeps an app from its owner by naming it first, and who loses it hears of it but not from whom', async () => {
  const [squatter, owner] = [await connectAccount(tx), await connectAccount(tx)]
  const clientId = randomUUID()
  const squatted = await register(tx, squatter, clientId)
  const begin = (state: string) =>
    commitAs(tx, squatter.person, `public.start_connection(null, $1, 'v1.sealed', null, $2)`, [
      state.repeat(64),
      squatted.id,
    ])
  await begin('c')
  await register(tx, owner, clientId)

  expect(await holders(clientId)).toEqual([owner.person.workspaceId])
  expect(await eventsAbout(squatted.id)).toMatchObject([
    { type: 'app.created', actor_type: 'user' },
    { type: 'app.superseded', actor_type: 'system', actor_id: null },
  ])
  const { rows } = await tx.query(
    `select service.take_oauth_state(repeat('c', 64)) as state,
       (select encrypted_client_secret from private.x_apps where id = $1) as secret`,
    [squatted.id],
  )
  expect(rows).toEqual([{ state: null, secret: null }])
  expect(await refused(begin('d'))).toMatchObject({ code: 'PT404' })
})

test('an app through which an account was ever connected stays, and the refusal says whom to ask', async () => {
  const [user, newcomer] = [await connectAccount(tx), await connectAccount(tx)]
  const clientId = randomUUID()
  const app = await register(tx, user, clientId)
  const own = connection(user, app.id)
  await tx.query('select service.connect_account($1)', [own])
  await commitAs(tx, user.person, 'public.disconnect_account($1)', [own.id])

  expect(await refused(register(tx, newcomer, clientId))).toMatchObject({
    message: 'x-app-registered',
    hint: expect.stringContaining('operator'),
  })
  expect(await refused(register(tx, user, clientId))).toMatchObject({
    message: 'x-app-registered',
    hint: expect.stringContaining('PATCH'),
  })
  expect(await holders(clientId)).toEqual([user.person.workspaceId])
})

test('an operator frees an app for its owner: the accounts that were connected through it are disconnected', async () => {
  const [user, newcomer] = [await connectAccount(tx), await connectAccount(tx)]
  const clientId = randomUUID()
  const app = await register(tx, user, clientId)
  const own = connection(user, app.id)
  await tx.query('select service.connect_account($1)', [own])
  await tx.query('select private.release_x_app($1)', [clientId])

  const { rows } = await tx.query('select status from public.accounts where id = any ($1)', [
    [own.id, user.id],
  ])
  expect(rows.map(({ status }) => status).toSorted()).toEqual(['active', 'disconnected'])
  expect((await eventsAbout(app.id)).map(({ type }) => type)).toEqual([
    'app.created',
    'app.deleted',
  ])
  await register(tx, newcomer, clientId)
  expect(await holders(clientId)).toEqual([newcomer.person.workspaceId])
})

test('an account that connects while another workspace registers its app is connected or refused, never orphaned', async () => {
  const [user, newcomer] = [await connectAccount(tx), await connectAccount(tx)]
  for (let round = 0; round < 5; round += 1) {
    const clientId = randomUUID()
    const app = await register(tx, user, clientId)
    const results = await race(2, async (client, index, meet) => {
      await meet()
      return index === 0
        ? register(client, newcomer, clientId)
        : client.query('select service.connect_account($1)', [connection(user, app.id)])
    })
    const refusals = outcomes(results).filter((outcome) => outcome !== 'done')
    expect(refusals).toHaveLength(1)
    expect(['x-app-registered', 'x-app-deleted']).toContain(refusals[0])
  }
})

test("no registration touches the deployment's own app", async () => {
  const account = await connectAccount(tx)
  const own = { id: randomUUID(), name: 'Own' }
  for (const app of [own, { ...own, client_id: null }]) {
    const sql = `public.create_x_app($1, $2, 'v1.k.iv.sealed')`
    const values = [account.person.workspaceId, app]
    expect(await refused(commitAs(tx, account.person, sql, values))).toMatchObject({
      code: '23514',
    })
  }
  const { rows } = await tx.query(
    'select deleted_at from private.x_apps where workspace_id is null',
  )
  expect(rows).toEqual([{ deleted_at: null }])
})

test('an account that connects while its app is deleted is connected or refused, never orphaned', async () => {
  const account = await connectAccount(tx)
  for (let round = 0; round < 5; round += 1) {
    const app = await register(tx, account)
    const results = await race(2, async (client, index, meet) => {
      await meet()
      return index === 0
        ? commitAs(client, account.person, 'public.delete_x_app($1)', [app.id])
        : client.query('select service.connect_account($1)', [connection(account, app.id)])
    })
    const refusals = outcomes(results).filter((outcome) => outcome !== 'done')
    expect(refusals).toHaveLength(1)
    expect(['x-app-in-use', 'x-app-deleted']).toContain(refusals[0])
  }
})

test('an app in use names the accounts that are connected through it, and no others', async () => {
  const account = await connectAccount(tx)
  const app = await register(tx, account)
  const [first, second] = [connection(account, app.id), connection(account, app.id)]
  for (const own of [first, second]) await tx.query('select service.connect_account($1)', [own])
  const remove = () => commitAs(tx, account.person, 'public.delete_x_app($1)', [app.id])
  const names = async () => {
    const detail = await remove().then(
      () => '',
      (error: { detail: string }) => error.detail,
    )
    return /: (.*)\.$/.exec(detail)?.[1]?.split(', ')
  }
  expect(await names()).toEqual([first.id, second.id].toSorted())
  await commitAs(tx, account.person, 'public.disconnect_account($1)', [first.id])
  expect(await names()).toEqual([second.id])
  await commitAs(tx, account.person, 'public.disconnect_account($1)', [second.id])
  await remove()
})

test('a deleted app may be registered again, and its secret is gone', async () => {
  const account = await connectAccount(tx)
  const clientId = randomUUID()
  const app = await register(tx, account, clientId)
  await commitAs(tx, account.person, 'public.delete_x_app($1)', [app.id])
  const { rows } = await tx.query(
    'select encrypted_client_secret from private.x_apps where id = $1',
    [app.id],
  )
  expect(rows).toEqual([{ encrypted_client_secret: null }])
  expect((await register(tx, account, clientId)).id).not.toBe(app.id)
})

test('tokens are revoked with the credentials of the app they belong to', () =>
  withTx(async (inner) => {
    const account = await connectAccount(inner)
    await actFor(inner, account)
    const clientId = randomUUID()
    const { rows } = await inner.query<{ app: App }>(
      `select public.create_x_app($1, $2, 'v1.k.iv.sealed') as app`,
      [account.person.workspaceId, { id: randomUUID(), name: 'Own', client_id: clientId }],
    )
    const own = connection(account, rows[0]?.app.id ?? '')
    await inner.query('select service.connect_account($1)', [own])
    for (const id of [own.id, account.id]) {
      await inner.query('select public.disconnect_account($1)', [id])
    }
    const claimed = await inner.query<{ due: { account_id: string; app: object | null }[] }>(
      'select service.claim_token_revocations(10, $1) as due',
      [at(0)],
    )
    const byAccount = new Map(claimed.rows[0]?.due.map((due) => [due.account_id, due.app]))
    expect(byAccount.get(own.id)).toMatchObject({
      client_id: clientId,
      encrypted_client_secret: 'v1.k.iv.sealed',
      workspace_id: account.person.workspaceId,
    })
    expect(byAccount.get(account.id)).toBeNull()
  }))

test('people connect through apps of their own workspace only', () =>
  withTx(async (inner) => {
    const [account, other] = [await connectAccount(inner), await connectAccount(inner)]
    await actFor(inner, account)
    const { rows } = await inner.query<{ app: App }>(
      'select public.create_x_app($1, $2, null) as app',
      [account.person.workspaceId, { id: randomUUID(), name: 'Own', client_id: randomUUID() }],
    )
    const begin = (name: string) =>
      inner.query(`select public.start_connection(null, $1, 'v1.sealed', null, $2) as begun`, [
        name.repeat(64),
        rows[0]?.app.id,
      ])
    expect((await begin('a')).rows[0].begun.client_id).not.toBeNull()
    await actFor(inner, other)
    await expect(begin('b')).rejects.toMatchObject({ code: 'PT404' })
  }))

test('a cap that is changed counts what is scheduled, and an app of nobody stays hidden', () =>
  withTx(async (inner) => {
    const person = await signUp(inner)
    await actFor(inner, { id: '', person })
    const { rows } = await inner.query<{ app: App }>(
      'select public.create_x_app($1, $2, null) as app',
      [
        person.workspaceId,
        { id: randomUUID(), name: 'Own', client_id: randomUUID(), posts_per_day: null },
      ],
    )
    expect(rows[0]?.app.posts_per_day).toBeNull()
    const { rows: changed } = await inner.query<{ app: App }>(
      `select public.update_x_app($1, '{"posts_per_day": 50, "name": "Ours"}', null, 1) as app`,
      [rows[0]?.app.id],
    )
    expect(changed[0]?.app).toMatchObject({ posts_per_day: 50, name: 'Ours', version: 2 })
    await expect(
      inner.query(`select public.get_x_app('00000000-0000-0000-0000-000000000001')`),
    ).rejects.toMatchObject({ code: 'PT404' })
  }))
