import { expect, test } from 'vitest'
import { signUp } from '../../helpers/callers.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { count } from '../../helpers/publishing.ts'
import { at, callAs, claim, createEndpoint, emit, settleAll } from '../../helpers/webhooks.ts'

type Email = { id: string; kind: string; user_id: string; to: string; data: object }

const claimEmails = async (tx: Tx, now = at(0), isConnected = true): Promise<Email[]> =>
  (await tx.query('select service.claim_emails($1, p_now => $2) as emails', [isConnected, now]))
    .rows[0].emails

const settleEmails = (tx: Tx, results: object[], now = at(0)) =>
  tx.query('select service.settle_emails($1, $2)', [JSON.stringify(results), now])

/** An endpoint that says it is gone, of a workspace with an admin and an editor besides its owner. */
const goneEndpoint = async (tx: Tx) => {
  const { endpoint, person } = await createEndpoint(tx)
  const [admin, editor] = [await signUp(tx), await signUp(tx)]
  await tx.query(
    `insert into public.workspace_members values ($1, $2, 'admin'), ($1, $3, 'editor')`,
    [person.workspaceId, admin.id, editor.id],
  )
  await emit(tx, person.workspaceId)
  await settleAll(tx, await claim(tx), { outcome: 'gone', http_status: 410, error: 'http-410' })
  return { endpoint, person, admin }
}

test('owners and admins are told when an endpoint is disabled, and nobody else', () =>
  withTx(async (tx) => {
    const { endpoint, person, admin } = await goneEndpoint(tx)
    const emails = await claimEmails(tx)
    expect(emails.map(({ user_id }) => user_id).sort()).toEqual([person.id, admin.id].sort())
    expect(emails[0]).toMatchObject({
      kind: 'webhook_endpoint.disabled',
      data: { endpoint_id: endpoint.id, reason: 'gone', url: endpoint.url },
    })
    expect(emails[0]?.to).toContain('@')
  }))

test('nobody is told what somebody did on purpose', () =>
  withTx(async (tx) => {
    const { endpoint, person } = await createEndpoint(tx)
    const changes = { status: 'disabled' }
    await callAs(tx, person, 'public.update_webhook_endpoint($1, $2)', [endpoint.id, changes])
    expect(await claimEmails(tx)).toEqual([])
  }))

test('an e-mail is leased, comes again when its worker dies, and ends when it is handed over', () =>
  withTx(async (tx) => {
    await goneEndpoint(tx)
    const [first, second] = await claimEmails(tx)
    expect(await claimEmails(tx, at(59))).toEqual([])
    expect(await claimEmails(tx, at(60))).toHaveLength(2)

    await settleEmails(tx, [
      { id: first?.id, retry_after_ms: null },
      { id: second?.id, retry_after_ms: 300_000 },
    ])
    expect(await claimEmails(tx, at(299))).toEqual([])
    expect(await claimEmails(tx, at(300))).toMatchObject([{ id: second?.id, failure_count: 1 }])
  }))

test('without a hook they go, and with one the tick rings for them', () =>
  withTx(async (tx) => {
    await tx.query(
      `select vault.create_secret('http://127.0.0.1:1', 'project_url'),
         vault.create_secret('sb_secret_test', 'cron_key')`,
    )
    const rings = () => count(tx, `net.http_request_queue where url like '%/deliver/emails'`)
    const tick = () => tx.query('select private.email_tick($1)', [at(0)])
    await tick()
    expect(await rings()).toBe(0)
    await goneEndpoint(tx)
    await tick()
    expect(await rings()).toBe(1)
    expect(await claimEmails(tx, at(0), false)).toEqual([])
    expect(await count(tx, 'private.emails')).toBe(0)
  }))
