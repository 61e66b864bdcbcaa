import { expect, test } from 'vitest'
import { signUp } from '../../helpers/callers.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { count } from '../../helpers/publishing.ts'
import {
  at,
  claim,
  createEndpoint,
  emit,
  NOW,
  retry,
  settleAll,
  tick,
} from '../../helpers/webhooks.ts'

const configure = (tx: Tx) =>
  tx.query(
    `select vault.create_secret('http://127.0.0.1:1', 'project_url'),
       vault.create_secret('sb_secret_test', 'cron_key')`,
  )

const rings = (tx: Tx) => count(tx, `net.http_request_queue where url like '%/deliver'`)

test('calls nobody while nothing is due, and rings when a ring was lost', () =>
  withTx(async (tx) => {
    await configure(tx)
    const { endpoint } = await createEndpoint(tx)
    expect(await tick(tx)).toBe(false)
    await emit(tx, endpoint.workspace_id)
    await tx.query('truncate net.http_request_queue')

    expect(await tick(tx)).toBe(true)
    expect(await rings(tx)).toBe(1)
    await settleAll(tx, await claim(tx), retry(300))
    expect(await tick(tx, at(299))).toBe(false)
    expect(await tick(tx, at(300))).toBe(true)
  }))

test('stamps events, so that the log goes on where there is no webhook', () =>
  withTx(async (tx) => {
    const { workspaceId } = await signUp(tx)
    await emit(tx, workspaceId, 'post.published', 3)
    expect(await tick(tx, NOW)).toBe(false)
    expect(await count(tx, 'public.event_positions where workspace_id = $1', [workspaceId])).toBe(3)
  }))
