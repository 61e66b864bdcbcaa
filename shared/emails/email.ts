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

/** The words of an e-mail; `null` when we have none for its kind. */
export const messageOf = ({ kind, workspace, data }: ClaimedEmail): Message | null => {
  if (kind !== 'webhook_endpoint.disabled') return null
  const url = String(data.url)
  const text = [
    `The webhook endpoint ${url} of the workspace "${workspace.name}" gets nothing any more.`,
    reasons[String(data.reason)] ?? '',
    'When it works again, enable it with PATCH /webhook-endpoints/:id {"status": "enabled"}, then have what it missed',
    'sent with POST /webhook-endpoints/:id/recover and /replay-missing.',
  ]
  return {
    subject: `Webhooks to ${new URL(url).host} were switched off`,
    text: text.filter((line) => line !== '').join('\n'),
  }
}
