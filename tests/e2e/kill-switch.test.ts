import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, inject, test } from 'vitest'
import { apiAs } from '../helpers/api.ts'
import { newSandboxAccount, type SandboxAccount } from '../helpers/sandbox-account.ts'
import { until } from '../helpers/until.ts'

const SCRIPT = join(import.meta.dirname, '../../scripts/suspend.ts')
const run = promisify(execFile)

let account: SandboxAccount
let api: ReturnType<typeof apiAs>

beforeAll(async () => {
  account = await newSandboxAccount(inject('stack'))
  const { data } = await account.client.auth.getSession()
  api = apiAs(data.session?.access_token)
})

/** The operator's command. */
const suspend = async (...words: string[]) => {
  const database = ['--db', inject('stack').db_url]
  const { stdout } = await run(process.execPath, [SCRIPT, ...words, ...database])
  return stdout
}

const post = (body: object) =>
  api('POST', '/posts', { body: { account_id: account.id, content: 'Hello', ...body } })

test('the operator stops a workspace at once, its members see why, and lifted it catches up', async () => {
  const workspace = `/workspaces/${account.workspaceId}`
  const due = new Date(Date.now() + 4_000).toISOString()
  const { id } = (await post({ scheduled_at: due })).body

  expect(await suspend('--workspace', account.workspaceId, '--reason', 'Spam.')).toContain(
    'is suspended',
  )
  expect((await api('GET', workspace)).body).toMatchObject({
    suspended_at: expect.any(String),
    suspended_reason: 'Spam.',
  })
  const refused = await post({})
  expect([refused.status, refused.body.type.split('#')[1], refused.body.detail]).toEqual([
    403,
    'workspace-suspended',
    'The workspace is suspended: Spam.',
  ])
  await until('its time has passed', () => Date.now() > Date.parse(due) + 2_000)
  expect((await api('GET', `/posts/${id}`)).body.status).toBe('scheduled')
  const { data } = (await api('GET', '/posts/at-risk')).body
  expect(data).toMatchObject([{ post: { id }, reasons: [{ slug: 'suspended' }] }])

  expect(await suspend('--workspace', account.workspaceId, '--lift')).toContain('may publish again')
  await until('it went out', async () => {
    return (await api('GET', `/posts/${id}`)).body.status === 'published'
  })
  // Events have their place in the log a moment after what they tell of.
  await until('both are in the log', async () => {
    const events: { type: string }[] = (await api('GET', '/events')).body.data
    return ['workspace.suspended', 'workspace.unsuspended'].every((type) =>
      events.some((event) => event.type === type),
    )
  })
})

test.each([[[]], [['--workspace', 'x']], [['--workspace', 'x', '--reason', 'y', '--lift']]])(
  'refuses %j, with the command as it should be',
  async (words) => {
    const failed = await run(process.execPath, [SCRIPT, ...words]).catch((error: object) => error)
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('npm run suspend --') })
  },
)
