import { type Row, row } from './callers.ts'

export type TableRow = {
  /** The column that says whose a row is. */
  whose: string
  select: Row
  insert: Row
  update: Row
  delete: Row
}

const NOBODY = row('denied denied denied denied denied denied denied')
const WRITES = { insert: NOBODY, update: NOBODY, delete: NOBODY }

// owner admin editor viewer stranger anon service_role
const MEMBERS = row('A A A A B denied both')
const ONESELF = row('own own own own own denied everybody')

/** Rows of the caller's workspaces can be read, and nothing can be written. */
const ofWorkspace = (whose = 'workspace_id'): TableRow => ({ whose, select: MEMBERS, ...WRITES })
/** Rows about the caller can be read, and nothing can be written. */
const ofPerson = (whose: string): TableRow => ({ whose, select: ONESELF, ...WRITES })
/** No role of the API has any right. */
const hidden: TableRow = { whose: '1', select: NOBODY, ...WRITES }

/** Who may do what with each table and view. A relation that is missing here fails a test. */
export const tableMatrix: Record<string, TableRow> = {
  'public.users': ofPerson('id'),
  'public.workspaces': ofWorkspace('id'),
  'public.workspace_members': ofWorkspace(),
  'public.accounts': ofWorkspace(),
  'public.posts': ofWorkspace(),
  'public.post_segments': ofWorkspace(),
  'public.media': ofWorkspace(),
  'public.publish_attempts': ofWorkspace(),
  'public.events': ofWorkspace(),
  'public.activity': ofWorkspace(),
  'public.event_forks': ofWorkspace(),
  'public.event_horizons': ofWorkspace(),
  'public.event_positions': ofWorkspace(),
  'public.webhook_endpoints': ofWorkspace(),
  'public.webhook_deliveries': ofWorkspace(),
  'public.webhook_attempts': ofWorkspace(),
  'public.post_analytics': ofWorkspace(),
  'public.post_stats': ofWorkspace(),
  'public.account_stats_hourly': ofWorkspace(),
  'public.account_stats_daily': ofWorkspace(),
  'public.usage_stats': ofPerson('user_id'),

  'private.account_lanes': hidden,
  'private.account_tokens': hidden,
  'private.alerts': hidden,
  'private.app_days': hidden,
  'private.app_notices': hidden,
  'private.billed_reads': hidden,
  'private.billing_customers': hidden,
  'private.chores': hidden,
  'private.budget_months': hidden,
  'private.budgets': hidden,
  'private.checked_remote_ids': hidden,
  'private.collection_lanes': hidden,
  'private.cost_log': hidden,
  'private.delivery_jobs': hidden,
  'private.delivery_workers': hidden,
  'private.disputes': hidden,
  'private.doorbells': hidden,
  'private.due_rings': hidden,
  'private.emails': hidden,
  'private.endpoint_lanes': hidden,
  'private.event_sequences': hidden,
  'private.given_up_attempts': hidden,
  'private.idempotency_keys': hidden,
  'private.inbound_events': hidden,
  'private.inbound_receipts': hidden,
  'private.incarnation': hidden,
  'private.key_rotation': hidden,
  'private.live_attempts': hidden,
  'private.media_uploads': hidden,
  'private.media_uses': hidden,
  'private.metric_schedules': hidden,
  'private.network_costs': hidden,
  'private.oauth_states': hidden,
  'private.object_removals': hidden,
  'private.partition_policies': hidden,
  'private.post_transitions': hidden,
  'private.prices': hidden,
  'private.publish_jobs': hidden,
  'private.publish_workers': hidden,
  'private.rate_windows': hidden,
  'private.remote_posts': hidden,
  'private.removal_tries': hidden,
  'private.removals': hidden,
  'private.spend_ledger': hidden,
  'private.restored_accounts': hidden,
  'private.sequencer_progress': hidden,
  'private.stat_increments': hidden,
  'private.subscription_changes': hidden,
  'private.subscriptions': hidden,
  'private.text_fingerprints': hidden,
  'private.token_revocations': hidden,
  'private.unmeasured_posts': hidden,
  'private.unstamped_events': hidden,
  'private.usage_log': hidden,
  'private.webhook_headers': hidden,
  'private.webhook_secrets': hidden,
  'private.x_apps': hidden,
  'private.x_subscriptions': hidden,
  'private.x_webhooks': hidden,
}
