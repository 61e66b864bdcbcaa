import { expect, test } from 'vitest'
import { fakeApi } from '../../helpers/fake-api.ts'

const good = {
  cron_age_seconds: 2,
  is_publishing_held: false,
  publish_lag_seconds: null,
  delivery_lag_seconds: 1,
  leaves_end_at: '2027-03-01T00:00:00+00:00',
  alerts: [],
}

const ready = (figures: object) =>
  fakeApi({ 'service.readiness': () => figures }).call('GET', '/ready', { as: null })

test('is ready while cron runs and nothing waits', async () => {
  expect(await ready(good)).toMatchObject({ status: 200, body: good })
})

test('an alert is shown, and does not take the service down', async () => {
  const alerts = [{ kind: 'partition-horizon', raised_at: '2026-11-22T12:00:00+00:00' }]
  expect(await ready({ ...good, alerts })).toMatchObject({ status: 200, body: { alerts } })
})

const obstacles: [string, object, string][] = [
  ['cron never ran', { cron_age_seconds: null }, 'The tick has not run yet.'],
  ['cron stopped', { cron_age_seconds: 61 }, 'The tick last ended well 61 s ago.'],
  ['publishing is held', { is_publishing_held: true }, 'Publishing is held.'],
  ['posts wait', { publish_lag_seconds: 90 }, 'Posts wait for 90 s.'],
  ['deliveries wait', { delivery_lag_seconds: 90 }, 'Webhook deliveries wait for 90 s.'],
]

for (const [what, figures, sentence] of obstacles) {
  test(`is not ready when ${what}, and says so with the figures`, async () => {
    const { status, body } = await ready({ ...good, ...figures })
    expect(status).toBe(503)
    expect(body).toMatchObject({ detail: sentence, figures: { ...good, ...figures } })
  })
}
