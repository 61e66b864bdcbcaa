import { expect, test } from 'vitest'
import { createApp } from '../../../functions/publish/app.ts'
import { fakeNetwork, fakeWorker, START, tokenHolder } from '../../helpers/fake-worker.ts'
import { until } from '../../helpers/until.ts'

test('a ring while an account hangs starts the next worker of the same isolate', async () => {
  const lane = {
    ...(await tokenHolder()),
    x_app_id: 'app',
    jobs: [{ post_id: 'hangs', position: 0, run_at: START.toISOString() }],
  }
  const lanes = [lane]
  let requests = 0
  const attempt = { post_id: 'hangs', position: 0, number: 1, account_id: lane.account_id }
  const worker = fakeWorker({
    claim_jobs: () => ({
      now: worker.deps.now().toISOString(),
      lease_ms: 15_000,
      lanes: lanes.splice(0),
    }),
    advance: () => ({
      now: START.toISOString(),
      lease_ms: 30_000,
      attempts: [{ ...attempt, text: 'x', reply_to: null, is_last: true }],
    }),
    leave_worker: () => 0,
  })
  const publish = () => {
    requests += 1
    return new Promise<never>(() => {})
  }
  // Time stands still until the request is under way: its lease must not lapse before.
  const sleep = async (ms: number) => {
    await new Promise((resolve) => setImmediate(resolve))
    if (requests > 0) worker.advance(ms)
  }
  const app = createApp({ ...worker.deps, sleep }, fakeNetwork({ publish }))
  const ring = async () => {
    const headers = { apikey: 'sb_secret_cron' }
    expect((await app.request('/publish', { method: 'POST', headers })).status).toBe(202)
  }
  const claims = () => worker.callsOf('claim_jobs').length

  await ring()
  await until('it takes no more', () => worker.callsOf('leave_worker').length === 1)
  expect(requests).toBe(1)
  const before = claims()
  await ring()
  await until('the next one claims', () => claims() > before)
})
