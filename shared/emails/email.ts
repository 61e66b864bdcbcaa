/** An e-mail as service.claim_emails leases it. */
export type ClaimedEmail = {
  id: string
  kind: string
  to: string
  user_id: string
  workspace: { id: string; name: string }
  data: Record<string, unknown>
  /** Tries that failed before. */
  failure_count: number
  created_at: string
}

/** What the hook is asked to send. */
export type Message = { subject: string; text: string }

const reasons: Record<string, string> = {
  gone: 'It answered 410 Gone.',
  failing: 'Nothing got through to it for five days.',
}

const disabled = (url: string, name: string, reason: unknown): Message => ({
  subject: `Webhooks to ${new URL(url).host} were switched off`,
  text: lines(
    `The webhook endpoint ${url} of the workspace "${name}" gets nothing any more.`,
    reasons[String(reason)] ?? '',
    'When it works again, enable it with PATCH /webhook-endpoints/:id {"status": "enabled"}, then have what it missed',
    'sent with POST /webhook-endpoints/:id/recover and /replay-missing.',
  ),
})

const failing = (url: string, name: string, since: unknown): Message => ({
  subject: `Webhooks to ${new URL(url).host} are failing`,
  text: lines(
    `Nothing has got through to the webhook endpoint ${url} of the workspace "${name}" since ${since}.`,
    'It is tried again for now; after five days it is switched off. GET /deliveries?endpoint_id=… says what it answered.',
    'What failed for good is sent again with POST /webhook-endpoints/:id/recover.',
  ),
})

const lines = (...all: string[]) => all.filter((line) => line !== '').join('\n')

/** The words of an e-mail; `null` when we have none for its kind. */
export const messageOf = ({ kind, workspace: { name }, data }: ClaimedEmail): Message | null => {
  const url = String(data.url)
  if (kind === 'webhook_endpoint.disabled') return disabled(url, name, data.reason)
  if (kind === 'webhook_endpoint.failing') return failing(url, name, data.failing_since)
  return null
}
