import { expect, test } from 'vitest'
import { createPresence } from '../../../scripts/stack/realtime/presence.ts'

const topic = 'private:post:1'

test('shows everyone tracked under one key as its metas', () => {
  const presence = createPresence<object>()
  presence.track(topic, {}, 'ada', { at: 1 })
  presence.track(topic, {}, 'ada', { at: 2 })
  presence.track(topic, {}, 'bob', {})
  const state = presence.state(topic)
  expect(state.ada?.metas.map((meta) => meta.at)).toEqual([1, 2])
  expect(state.bob?.metas).toHaveLength(1)
})

test('reports a change of one holder as a leave of the old state and a join of the new', () => {
  const presence = createPresence<object>()
  const holder = {}
  const first = presence.track(topic, holder, 'ada', { typing: false })
  const second = presence.track(topic, holder, 'ada', { typing: true })
  const [before, after] = [first.joins.ada?.metas[0], second.joins.ada?.metas[0]]
  expect(second.leaves.ada?.metas).toEqual([before])
  expect(after).toMatchObject({ typing: true, phx_ref_prev: before?.phx_ref })
  expect(presence.state(topic).ada?.metas).toHaveLength(1)
})

test('never lets a payload forge its own reference', () => {
  const presence = createPresence<object>()
  const { joins } = presence.track(topic, {}, 'ada', { phx_ref: 'forged' })
  expect(joins.ada?.metas[0]?.phx_ref).not.toBe('forged')
})

test('forgets who leaves, and says nothing for who was not there', () => {
  const presence = createPresence<object>()
  const holder = {}
  expect(presence.untrack(topic, holder)).toBeNull()
  presence.track(topic, holder, 'ada', {})
  expect(presence.untrack(topic, holder)?.leaves).toHaveProperty('ada')
  expect(presence.state(topic)).toEqual({})
  expect(presence.untrack(topic, holder)).toBeNull()
})
