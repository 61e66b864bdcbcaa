import type { PostMetrics } from '../networks/network.ts'
import type { DueSegment, Reading } from './collection.ts'

/** What the network said about a segment, as a reading made at `timestamp`. Silence means missing. */
export const readingOf = (
  segment: DueSegment,
  metrics: PostMetrics | undefined,
  timestamp: Date,
): Reading => {
  const at = {
    post_id: segment.post_id,
    position: segment.position,
    timestamp: timestamp.toISOString(),
  }
  if (metrics?.kind !== 'ok') return { ...at, outcome: 'missing' }
  const { kind: _kind, remoteId: _remoteId, profileClicks, ...counters } = metrics
  return { ...at, outcome: 'read', ...counters, profile_clicks: profileClicks }
}
