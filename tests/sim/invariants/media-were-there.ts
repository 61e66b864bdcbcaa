import type { Live, Snapshot } from '../database/snapshot.ts'
import { indexRows, segmentKey } from './index-rows.ts'

/**
 * A segment is sent when X has all it shows, by what became of the uploads and not by what its job says. Results
 * are settled before a Go of the same call, and may tell that X has forgotten something: so this reads what the call left.
 */
export const mediaWereThere = (after: Snapshot, attempt: Live): string[] => {
  const shown = indexRows(after).segments.get(segmentKey(attempt))?.media ?? []
  return shown
    .filter(
      (id) =>
        !after.uploads.some(
          ({ media, account, state, remote }) =>
            media === id && account === attempt.account && state === 'ready' && remote !== null,
        ),
    )
    .map((id) => `segment ${segmentKey(attempt)} was to be sent, and X does not have ${id}`)
}
