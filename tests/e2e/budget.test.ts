import { randomUUID } from 'node:crypto'
import { beforeAll, expect, inject, test } from 'vitest'
import { asSuperuser } from '../helpers/accounts.ts'
import { apiAs } from '../helpers/api.ts'
import { newSandboxAccount, type SandboxAccount } from '../helpers/sandbox-account.ts'
import { sandboxX } from '../helpers/sandbox-x.ts'
import { until } from '../helpers/until.ts'

let account: SandboxAccount
let api: ReturnType<typeof apiAs>

beforeAll(async () => {
  account = await newSandboxAccount(inject('stack'))
  const { data } = await account.client.auth.getSession()
  api = apiAs(data.session?.access_token)
})

const text = (rest = '') => `text ${randomUUID()} ${rest}`.trim()
const create = (content: string, scheduled_at?: string) =>
  api('POST', '/posts', { body: { account_id: account.id, content, scheduled_at } })
const budget = () => api('GET', `/workspaces/${account.workspaceId}/budget`)
const setLimit = async (monthly_limit_usd: string | null) => {
  const { headers } = await budget()
  return api('PATCH', `/workspaces/${account.workspaceId}/budget`, {
    body: { monthly_limit_usd },
    headers: { 'if-match': headers.get('etag') ?? '' },
  })
}
const status = async (id: string) => (await api('GET', `/posts/${id}`)).body.status
const soon = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()

test('money is quoted, held, settled and shown; too little of it refuses by name and loses nothing', async () => {
  const linked = text('see example.com')
  const quote = await api('POST', '/posts/validate', {
    body: { account_id: account.id, content: linked },
  })
  expect(quote.body).toMatchObject({ valid: true, quote_usd: '0.20' })

  expect((await setLimit('1')).status).toBe(200)
  const sent = await create(linked, 'now')
  expect(sent.status).toBe(201)
  await until('it is published', async () => (await status(sent.body.id)) === 'published', 30_000)
  // What X bills beside posts counts once it is folded: connecting read the profile.
  await asSuperuser('select private.fold_costs()')
  const { spent_usd, costs_usd } = (await budget()).body
  expect([spent_usd, Number(costs_usd) > 0]).toEqual(['0.20', true])
  await setLimit((Number(spent_usd) + Number(costs_usd) + 0.02).toFixed(3))
  const waiting = await create(text(), soon(600))
  expect((await budget()).body).toMatchObject({
    spent_usd: '0.20',
    held_usd: '0.015',
    remaining_usd: '0.005',
    status: 'open',
  })

  const refused = await create(text(), soon(600))
  expect(refused.status).toBe(409)
  expect(refused.body.type).toMatch(/#over-budget$/)
  expect(refused.body.detail).toContain('$0.015')
  expect(refused.body.remedy).toContain('draft')
  const checked = await api('POST', '/posts/validate', {
    body: { account_id: account.id, content: text(), scheduled_at: soon(600) },
  })
  expect(checked.body).toMatchObject({ valid: false, problems: [{ slug: 'over-budget' }] })

  const draft = await create(text())
  expect([draft.status, draft.body.status]).toEqual([201, 'draft'])
  await api('DELETE', `/posts/${waiting.body.id}`)
  const again = await api('POST', `/posts/${draft.body.id}/schedule`, {
    body: { scheduled_at: soon(600) },
  })
  expect(again.status).toBe(200)
  await api('DELETE', `/posts/${draft.body.id}`)
})

test('a stopped budget sends nothing, says so, and goes on when it is raised', async () => {
  await setLimit('10')
  const content = text()
  const post = (await create(content, soon(4))).body
  expect((await setLimit('0.01')).body).toMatchObject({ status: 'stopped', remaining_usd: '0.00' })

  await until('it is due and more', async () => Date.now() > Date.parse(post.scheduled_at) + 3_000)
  expect(await status(post.id)).toBe('scheduled')
  const sent = async () =>
    (await sandboxX(inject('stack').x_url).accepted(account.username)).map((each) => each.text)
  expect(await sent()).not.toContain(content)

  expect((await setLimit(null)).body).toMatchObject({ status: 'open', monthly_limit_usd: null })
  await until('it is published', async () => (await status(post.id)) === 'published', 30_000)
  expect(await sent()).toContain(content)
  await until('the log tells of it', async () => {
    const { body } = await api('GET', '/events?limit=100')
    const types = body.data.map(({ type }: { type: string }) => type)
    return types.includes('budget.exhausted') && types.includes('budget.restored')
  })
})

test('two who change the budget they read: one wins, the other is told', async () => {
  const { headers } = await budget()
  const answers = await Promise.all(
    ['1', '2'].map((monthly_limit_usd) =>
      api('PATCH', `/workspaces/${account.workspaceId}/budget`, {
        body: { monthly_limit_usd },
        headers: { 'if-match': headers.get('etag') ?? '' },
      }),
    ),
  )
  expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 412])
  await setLimit(null)
})

test('a full day is told before and refused at scheduling, with the next free time', async () => {
  const noon = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10)
  const next = new Date(Date.now() + 41 * 86_400_000).toISOString().slice(0, 10)
  const app = '00000000-0000-0000-0000-000000000001'
  // The deployment's only app is shared with other tests: its cap is lowered on one far day's taking.
  await asSuperuser(
    `insert into private.app_days (x_app_id, day, taken) values ($1, $2, 10000)
     on conflict (x_app_id, day) do update set taken = 10000`,
    [app, noon],
  )
  const at = `${noon}T12:00:00Z`
  const checked = await api('POST', '/posts/validate', {
    body: { account_id: account.id, content: text(), scheduled_at: at },
  })
  expect(checked.body.problems).toMatchObject([{ slug: 'day-full' }])
  const refused = await create(text(), at)
  expect([refused.status, refused.body.type]).toEqual([409, expect.stringMatching(/#day-full$/)])
  expect(refused.body.remedy).toContain(`${next}T00:00:00Z`)
  expect(refused.body.remedy).toContain('/x-apps')
  const free = await create(text(), `${next}T00:00:00Z`)
  expect(free.status).toBe(201)
  await api('DELETE', `/posts/${free.body.id}`)
  await asSuperuser('delete from private.app_days where day = $1', [noon])
})
