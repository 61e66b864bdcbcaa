import { expect, test } from 'vitest'
import { sealTokens } from '../../../shared/accounts/token-envelope.ts'
import { parseKeyRing } from '../../../shared/crypto/key-ring.ts'
import type { Failure } from '../../../shared/networks/outcome.ts'
import { removePosts } from '../../../shared/publishing/remove-posts.ts'
import { fakeApi, NOW } from '../../helpers/fake-api.ts'
import { ACCOUNT, POST, WORKSPACE } from '../../helpers/samples.ts'

const keys = parseKeyRing({ k1: btoa('k'.repeat(32)) })

const removal = async () => ({
  post_id: POST,
  account_id: ACCOUNT,
  workspace_id: WORKSPACE,
  encrypted_tokens: sealTokens(
    keys,
    { access_token: 'a-token', refresh_token: 'r', scope: 'tweet.write' },
    { account_id: ACCOUNT, workspace_id: WORKSPACE },
  ),
  tokens_expire_at: new Date(NOW.getTime() + 7_200_000).toISOString(),
  tokens_version: 1,
  segments: [
    { position: 1, remote_id: '12' },
    { position: 0, remote_id: '11' },
  ],
})

type Answer = { kind: 'removed' } | Failure

/** What a network that answers so is asked, and what the database is told. */
const remove = async (answers: Answer[]) => {
  const asked: string[] = []
  const { deps, calls, logs } = fakeApi({
    'service.claim_removals': async () => ({ removals: [await removal()], postponed: 0 }),
    'service.settle_removal': () => ({}),
  })
  const count = await removePosts(deps, {
    refresh: async () => ({ ...failure('unknown'), rates: [] }),
    remove: async (token, remoteId) => {
      asked.push(`${token} ${remoteId}`)
      const answer = answers.shift()
      if (!answer) throw new Error('asked once too often')
      return { ...answer, rates: [] }
    },
  })
  const settled = calls.filter(({ name }) => name === 'service.settle_removal')
  return { asked, count, logs, told: settled.map(({ args }) => args) }
}

const explained = { slug: 'test', detail: 'Because.', who: 'provider', remedy: 'None.' } as const
const failure = (kind: 'refused' | 'unknown' | 'not_sent' | 'app_blocked' | 'reauth'): Failure => ({
  kind,
  ...explained,
})

test('deletes the last segment first, and settles each before the next', async () => {
  const { asked, told, count } = await remove([{ kind: 'removed' }, { kind: 'removed' }])
  expect(count).toBe(1)
  expect(asked).toEqual(['a-token 12', 'a-token 11'])
  expect(told).toEqual([
    { p_post_id: POST, p_position: 1 },
    { p_post_id: POST, p_position: 0 },
  ])
})

test('stops at a definite no, which is not tried again', async () => {
  const { asked, told } = await remove([failure('refused')])
  expect(asked).toHaveLength(1)
  expect(told).toMatchObject([{ p_position: 1, p_error: { slug: 'test' }, p_is_final: true }])
})

const after = new Date(NOW.getTime() + 900_000)
const later: [Answer, string | null][] = [
  [failure('unknown'), null],
  [failure('not_sent'), null],
  [{ kind: 'retry', after, scope: 'account', ...explained }, after.toISOString()],
  [failure('app_blocked'), new Date(NOW.getTime() + 300_000).toISOString()],
  [failure('reauth'), new Date(NOW.getTime() + 5_000).toISOString()],
]

for (const [answer, retryAt] of later) {
  test(`comes back after "${answer.kind}", when that may help`, async () => {
    const { asked, told } = await remove([answer])
    expect(asked).toHaveLength(1)
    expect(told).toMatchObject([{ p_is_final: false, p_retry_at: retryAt }])
  })
}
