import { z } from 'zod'
import type { Broadcast } from './frames.ts'

/** One message to send to a topic. */
export type Outgoing = { topic: string; isPrivate: boolean; broadcast: Broadcast }

const Batch = z.object({
  messages: z.array(
    z.object({
      topic: z.string().min(1),
      event: z.string().min(1),
      payload: z.record(z.string(), z.unknown()),
      private: z.boolean().default(false),
    }),
  ),
})

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Reads the body of the batch endpoint; null when it is not one. */
export const readBatch = async (request: Request): Promise<Outgoing[] | null> => {
  const { data } = Batch.safeParse(parseJson(await request.text()))
  if (!data) return null
  return data.messages.map(({ topic, event, payload, private: isPrivate }) => ({
    topic: topic.replace(/^realtime:/, ''),
    isPrivate,
    broadcast: { event, json: JSON.stringify(payload) },
  }))
}

/** Reads one message whose topic and event stand in the path; null when it cannot be sent. */
export const readOne = async (
  request: Request,
  topic: string | null,
  event: string | null,
): Promise<Outgoing[] | null> => {
  const query = new URL(request.url).searchParams
  if (topic === null || event === null) return null
  if (query.has('persist') || query.has('persist[ttl]')) return null
  const isPrivate = query.get('private') === 'true'
  if (request.headers.get('content-type')?.startsWith('application/octet-stream')) {
    const body = new Uint8Array(await request.arrayBuffer())
    return [{ topic, isPrivate, broadcast: { event, encoding: 'binary', body } }]
  }
  const json = await request.text()
  if (parseJson(json) === undefined) return null
  return [{ topic, isPrivate, broadcast: { event, json } }]
}

/** A name in a path; null when it is missing or badly encoded. */
export const decodeName = (name: string | undefined): string | null => {
  try {
    return name === undefined ? null : decodeURIComponent(name)
  } catch {
    return null
  }
}
