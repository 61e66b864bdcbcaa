import type { Pool } from 'pg'
import { keepListening } from '../platform/listener.ts'
import { type Address, findRecent, readMessages, type StoredMessage } from './stored-messages.ts'

const BATCH = 500
/** Transactions older than this that commit while the listener is away are not caught up. */
const MEMORY_MS = 120_000
const RETRY_MS = 200

const addressOf = (line: string): Address => {
  const space = line.indexOf(' ')
  return { id: line.slice(0, space), insertedAt: line.slice(space + 1) }
}

/** Remembers ids for a while, so that a message met twice is delivered once. */
const createMemory = () => {
  const seenAt = new Map<string, number>()
  return {
    isNew: (id: string) => !seenAt.has(id),
    add: (id: string) => seenAt.set(id, performance.now()),
    forgetOld: () => {
      const limit = performance.now() - MEMORY_MS
      for (const [id, at] of seenAt) {
        if (at > limit) return
        seenAt.delete(id)
      }
    },
  }
}

type Follower = {
  sql: Pool
  adminUrl: string
  deliver(message: StoredMessage): void
  isWanted(): boolean
  log(line: string): void
}

/**
 * Delivers every message committed to realtime.messages, once and in the order of commit: Postgres
 * announces them in that order (NOTIFY), rows are read in batches. After a lost connection the
 * messages committed meanwhile are found by their time. With nobody listening they are dropped.
 */
export const followMessages = ({ sql, adminUrl, deliver, isWanted, log }: Follower) => {
  const memory = createMemory()
  const queue: Address[] = []
  let isPumping = false
  let isClosed = false
  let missedMs: number | null = null

  const catchUp = async (ageMs: number) => {
    const recent = await findRecent(sql, ageMs)
    if (missedMs === ageMs) missedMs = null
    queue.unshift(...recent)
  }

  const deliverBatch = async () => {
    const head = queue.slice(0, BATCH)
    const byId = new Map(head.map((address) => [address.id, address]))
    const batch = [...byId.values()].filter(({ id }) => memory.isNew(id))
    const messages = batch.length > 0 && isWanted() ? await readMessages(sql, batch) : []
    queue.splice(0, head.length)
    for (const { id } of batch) memory.add(id)
    for (const message of messages) deliver(message)
  }

  const pump = async () => {
    if (isPumping || isClosed) return
    isPumping = true
    try {
      while (missedMs !== null || queue.length > 0) {
        await (missedMs === null ? deliverBatch() : catchUp(missedMs))
      }
      memory.forgetOld()
    } catch {
      setTimeout(pump, RETRY_MS).unref()
    } finally {
      isPumping = false
    }
  }

  const listening = keepListening({
    url: adminUrl,
    channel: 'realtime_messages',
    name: 'realtime',
    log,
    onNotify: (payload) => {
      for (const line of payload.split('\n')) queue.push(addressOf(line))
      void pump()
    },
    onReady: (awayMs) => {
      if (awayMs > 0) missedMs = awayMs + MEMORY_MS
      void pump()
    },
  })
  const close = async () => {
    isClosed = true
    await (await listening).close()
  }
  return { ready: listening.then(() => {}), close }
}
