/** One tracked state, as clients see it. */
export type Meta = Record<string, unknown> & { phx_ref: string; phx_ref_prev?: string }

/** presence key → the metas tracked under it. */
export type PresenceState = Record<string, { metas: Meta[] }>

export type PresenceDiff = { joins: PresenceState; leaves: PresenceState }

type Entry = { key: string; meta: Meta }

const one = ({ key, meta }: Entry): PresenceState => ({ [key]: { metas: [meta] } })

/**
 * Who is tracked on which topic. A holder (a joined channel) holds at most one entry per topic; every
 * change returns the diff to send to the topic, or null when nothing changed.
 */
export const createPresence = <Holder extends object>() => {
  const topics = new Map<string, Map<Holder, Entry>>()
  let refs = 0

  const track = (topic: string, holder: Holder, key: string, payload: object): PresenceDiff => {
    const holders = topics.get(topic) ?? new Map<Holder, Entry>()
    topics.set(topic, holders)
    const before = holders.get(holder)
    refs += 1
    const previous = before && { phx_ref_prev: before.meta.phx_ref }
    const entry = { key, meta: { ...payload, phx_ref: `p${refs}`, ...previous } }
    holders.set(holder, entry)
    return { joins: one(entry), leaves: before ? one(before) : {} }
  }

  const untrack = (topic: string, holder: Holder): PresenceDiff | null => {
    const holders = topics.get(topic)
    const before = holders?.get(holder)
    if (!holders || !before) return null
    holders.delete(holder)
    if (holders.size === 0) topics.delete(topic)
    return { joins: {}, leaves: one(before) }
  }

  const state = (topic: string): PresenceState => {
    const grouped = new Map<string, { metas: Meta[] }>()
    for (const { key, meta } of topics.get(topic)?.values() ?? []) {
      const metas = grouped.get(key)?.metas ?? []
      grouped.set(key, { metas: [...metas, meta] })
    }
    return Object.fromEntries(grouped)
  }

  return { track, untrack, state }
}
