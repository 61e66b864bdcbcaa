import { expect, test } from 'vitest'
import { eventBody } from '../../../shared/webhooks/event-body.ts'
import { claimedEvent } from '../../helpers/claimed-event.ts'

const parse = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes))

test('says what happened, when, where and in which order', () => {
  const event = claimedEvent({ data: { post_id: 'p' } })
  expect(parse(eventBody(event))).toEqual({
    type: event.type,
    timestamp: event.created_at,
    id: event.id,
    workspace_id: event.workspace_id,
    sequence: event.sequence,
    data: { post_id: 'p' },
  })
})

test('stays below 20 kB: what is too large names its subject and says that it is cut', () => {
  const event = claimedEvent({ data: { text: 'ß'.repeat(12_000) } })
  const body = eventBody(event)
  expect(body.length).toBeLessThan(20_000)
  expect(parse(body).data).toEqual({ post_id: event.subject_id, truncated: true })
})
