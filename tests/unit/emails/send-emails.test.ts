import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import type { ClaimedEmail } from '../../../shared/emails/email.ts'
import { sendEmails } from '../../../shared/emails/send-emails.ts'
import { fakeWorker } from '../../helpers/fake-worker.ts'

const SECRET = `whsec_${btoa('s'.repeat(32))}`
const OLD = `whsec_${btoa('o'.repeat(32))}`
const URL_OF_HOOK = 'https://hook.example/send'

const email = (rest: Partial<ClaimedEmail> = {}): ClaimedEmail => ({
  id: '0193a3c0-0000-4000-8000-000000000001',
  kind: 'webhook_endpoint.disabled',
  to: 'ada@example.com',
  user_id: 'ada',
  workspace: { id: 'w', name: 'Engines' },
  data: { url: 'https://a.example/hook', reason: 'failing', endpoint_id: 'e' },
  failure_count: 0,
  created_at: '2026-11-22T12:00:00+00:00',
  ...rest,
})

type Request = { url: string; headers: Record<string, string>; body: string }

const hook = async (emails: ClaimedEmail[], answer: () => Response, url?: { none: true }) => {
  const requests: Request[] = []
  const { deps, callsOf, logs } = fakeWorker({ claim_emails: () => emails })
  const fetch = async (input: unknown, init?: RequestInit) => {
    const body = new TextDecoder().decode(init?.body as Uint8Array)
    requests.push({ url: String(input), headers: init?.headers as Record<string, string>, body })
    return answer()
  }
  await sendEmails({
    ...deps,
    now: () => new Date(),
    env: {
      ...deps.env,
      EMAIL_HOOK_URL: url ? undefined : URL_OF_HOOK,
      EMAIL_HOOK_SECRET: [SECRET, OLD],
    },
    fetch: fetch as typeof deps.fetch,
  })
  return { requests, logs, claims: callsOf('claim_emails'), settled: callsOf('settle_emails') }
}

const taken = () => new Response(null, { status: 204 })

test('hands over one signed e-mail per recipient, which the reference library accepts', async () => {
  const { requests, settled } = await hook([email()], taken)
  const [request] = requests
  if (!request) throw new Error('nothing was sent')
  for (const secret of [SECRET, OLD]) {
    expect(new Webhook(secret).verify(request.body, request.headers)).toMatchObject({
      type: 'webhook_endpoint.disabled',
      data: {
        email: { to: 'ada@example.com', subject: 'Webhooks to a.example were switched off' },
        workspace: { id: 'w' },
        reason: 'failing',
      },
    })
  }
  expect([request.url, request.headers['webhook-id']]).toEqual([URL_OF_HOOK, email().id])
  expect(settled).toEqual([{ p_results: [{ id: email().id, retry_after_ms: null }] }])
})

test('says of an endpoint that fails since when, and what comes next', async () => {
  const data = { url: 'https://a.example/hook', failing_since: '2026-11-21T12:00:00+00:00' }
  const { requests } = await hook([email({ kind: 'webhook_endpoint.failing', data })], taken)
  expect(JSON.parse(requests[0]?.body ?? '{}').data.email).toMatchObject({
    subject: 'Webhooks to a.example are failing',
    text: expect.stringMatching(/since 2026-11-21.*\n.*after five days it is switched off/),
  })
})

test.each([
  ['a redirect', () => new Response(null, { status: 302 })],
  ['a refusal', () => new Response(null, { status: 400 })],
  [
    'no answer',
    () => {
      throw new Error('reset')
    },
  ],
])(
  '%s is tried again after the waits of webhooks, and given up after the last',
  async (_, answer) => {
    const waitOf = async (failures: number) => {
      const { settled } = await hook([email({ failure_count: failures })], answer)
      const results = settled.flatMap(
        (args) => args.p_results as { retry_after_ms: number | null }[],
      )
      return results[0]?.retry_after_ms
    }
    expect([await waitOf(0), await waitOf(1), await waitOf(9)]).toEqual([4_500, 270_000, null])
  },
)

test('without a hook nothing is sent, and the database is told so', async () => {
  const { requests, claims, settled } = await hook([], taken, { none: true })
  expect([requests, settled]).toEqual([[], []])
  expect(claims).toEqual([{ p_is_connected: false }])
})

test('logs hold no address', async () => {
  const { logs } = await hook([email()], taken)
  expect(JSON.stringify(logs)).not.toContain('ada@')
})
