import { expect, test } from 'vitest'
import { createApp } from '../../../functions/publish/app.ts'
import {
  accepted,
  attemptOf,
  fakeNetwork,
  fakeWorker,
  START,
  tokenHolder,
} from '../../helpers/fake-worker.ts'

/** The function over a database where no post is due; `hold` keeps claims from being answered. */
const publishFunction = (duties: string[] = []) => {
  let open = () => {}
  let held: Promise<void> | undefined
  const worker = fakeWorker({
    claim_jobs: async () => {
      await held
      return { now: new Date().toISOString(), lease_ms: 15_000, lanes: [] }
    },
    leave_worker: () => 0,
    due_duties: () => duties,
    claim_looks: () => ({ looks: [] }),
    claim_restored_accounts: () => [],
    claim_token_revocations: () => [],
    claim_removals: () => ({ removals: [] }),
    announce_key: () => ({ is_due: false }),
  })
  const app = createApp(worker.deps, fakeNetwork({}))
  return {
    ...worker,
    ring: (apikey?: string, method = 'POST') =>
      app.request('https://project.example.com/publish', {
        method,
        ...(apikey ? { headers: { apikey } } : {}),
      }),
    hold: () => {
      held = new Promise((resolve) => {
        open = resolve
      })
    },
    release: () => open(),
    count: (fn: string) => worker.calls.filter((call) => call.fn === fn).length,
  }
}

test.each([
  ['no key', undefined],
  ['a key of nobody', 'sb_secret_made_up'],
  ['the publishable key', 'sb_publishable_test'],
  ['another secret key', 'sb_secret_default'],
])('lets nobody in with %s, and does nothing', async (_what, apikey) => {
  const { ring, calls } = publishFunction()

  expect((await ring(apikey)).status).toBe(401)
  expect(calls).toEqual([])
})

const DUTIES = {
  reconcile: 'claim_looks',
  read_restored: 'claim_restored_accounts',
  revoke_tokens: 'claim_token_revocations',
  remove_posts: 'claim_removals',
}

test('answers cron with 202 before the work is done, and does all its duties', async () => {
  const { ring, hold, release, idle, count } = publishFunction([
    ...Object.keys(DUTIES),
    'rotate_keys',
  ])
  hold()

  const answer = await ring('sb_secret_cron')

  expect(answer.status).toBe(202)
  expect(count('leave_worker')).toBe(0)
  release()
  await idle()
  expect(
    ['claim_jobs', 'leave_worker', 'announce_key', ...Object.values(DUTIES)].map(count),
  ).toEqual([1, 1, 1, 1, 1, 1, 1])
})

test.each(Object.entries(DUTIES))(
  'of its duties asks for %s alone when that is due',
  async (name, asked) => {
    const { ring, idle, count, logs } = publishFunction([name, 'of_a_newer_version'])

    await ring('sb_secret_cron')
    await idle()

    const others = Object.values(DUTIES).filter((fn) => fn !== asked)
    expect([asked, ...others].map(count)).toEqual([1, 0, 0, 0])
    expect(logs).toMatchObject([
      { message: 'duty unknown to this version', name: 'of_a_newer_version' },
    ])
  },
)

test('runs one worker at a time, and once more for the rings that came meanwhile', async () => {
  const { ring, hold, release, idle, count } = publishFunction()
  hold()
  await Promise.all([ring('sb_secret_cron'), ring('sb_secret_cron'), ring('sb_secret_cron')])
  expect(count('claim_jobs')).toBe(1)

  release()
  await idle()

  expect(count('claim_jobs')).toBe(2)
  expect(count('leave_worker')).toBe(2)
})

test('posts that come one by one end an isolate before their calls use up its CPU', async () => {
  const holder = await tokenHolder()
  const jobs = [{ post_id: 'post', position: 0, run_at: START.toISOString() }]
  let sent = 0
  const worker = fakeWorker({
    // Never empty, but for whoever takes more than the platform would let him.
    claim_jobs: () => ({
      now: worker.deps.now().toISOString(),
      lease_ms: 15_000,
      lanes: sent < 1_000 ? [{ ...holder, x_app_id: 'app', jobs }] : [],
    }),
    advance: ({ p_go }) => ({
      now: worker.deps.now().toISOString(),
      lease_ms: 30_000,
      attempts: (p_go as unknown[]).map(() => attemptOf()),
    }),
    leave_worker: () => 0,
    due_duties: () => [],
    announce_key: () => ({ is_due: false }),
  })
  const publish = async () => {
    sent += 1
    return accepted(String(sent))
  }
  // The clock stands still: its age does not end this isolate.
  const deps = { ...worker.deps, monotonic: () => 0, sleep: async () => {} }
  await createApp(deps, fakeNetwork({ publish })).request('https://project.example.com/publish', {
    method: 'POST',
    headers: { apikey: 'sb_secret_cron' },
  })
  await worker.idle()
  await worker.idle()

  // Seen: 4.5 ms of CPU a post, and the platform ends an isolate at 2 s.
  expect(sent).toBeGreaterThan(50)
  expect(sent).toBeLessThan(250)
  expect(worker.callsOf('leave_worker').length).toBeGreaterThan(0)
})

test('answers 405 or 404 to what it does not offer', async () => {
  const { ring, calls } = publishFunction()
  expect([404, 405]).toContain((await ring('sb_secret_cron', 'GET')).status)
  expect(calls).toEqual([])
})
