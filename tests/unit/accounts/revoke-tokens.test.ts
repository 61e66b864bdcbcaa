import { expect, test, vi } from 'vitest'
import { revokeTokens } from '../../../shared/accounts/revoke-tokens.ts'
import type { Network } from '../../../shared/networks/network.ts'
import { failure, fakeNetwork, fakeWorker, tokenHolder } from '../../helpers/fake-worker.ts'

const revoked = { kind: 'revoked' as const, rates: [] }

const run = async (revoke: Network['revoke'], revocations?: object[]) => {
  const due = revocations ?? [await tokenHolder()]
  const worker = fakeWorker({ claim_token_revocations: () => due })
  const spy = vi.fn(revoke)
  const tried = await revokeTokens(worker.deps, fakeNetwork({ revoke: spy }))
  const finished = worker.callsOf('finish_token_revocation').map((args) => args.p_account_id)
  return { worker, finished, tried, tokens: spy.mock.calls.map(([token]) => token) }
}

test('revokes both tokens and forgets them', async () => {
  const { tokens, finished } = await run(async () => revoked)

  expect(tokens).toEqual(['refresh-1', 'access-1'])
  expect(finished).toEqual(['account'])
})

test('a refusal means there is nothing left to revoke', async () => {
  expect((await run(async () => failure('refused'))).finished).toEqual(['account'])
})

test.each(['unknown', 'not_sent', 'app_blocked'] as const)(
  'keeps them for another try when the answer is %s',
  async (kind) => {
    expect((await run(async () => failure(kind))).finished).toEqual([])
  },
)

test('tokens that cannot be opened keep no others from being revoked', async () => {
  const broken = { ...(await tokenHolder()), account_id: 'broken' }

  const { finished, tried, worker } = await run(async () => revoked, [broken, await tokenHolder()])

  expect(finished).toEqual(['account'])
  expect(tried).toBe(2)
  expect(worker.logs[0]).toMatchObject({ level: 'error', account_id: 'broken' })
})
