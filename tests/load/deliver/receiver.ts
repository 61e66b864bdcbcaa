import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** What came to one path. `faults`: bad signatures, and bodies that changed between attempts. */
export type Seen = {
  arrivals: number
  /** By webhook-id. */
  events: number
  faults: number
  /** First arrival of each event minus its timestamp. */
  latencyMs: number[]
}

/** Every order is answered. `collect`: path to secret; what is collected is forgotten. */
export type ReceiverOrder = { hang: string | null } | { collect: Record<string, string> }
export type ReceiverAnswer = { port: number } | { done: true } | { seen: Record<string, Seen> }

export type Receiver = Awaited<ReturnType<typeof startReceiver>>

/** Starts consumers of webhooks on loopback, in a child process: any path is one. */
export const startReceiver = async () => {
  const child = fork(join(import.meta.dirname, 'receiver-host.ts'), { stdio: 'inherit' })
  const exited = once(child, 'exit')
  const answer = async () => (await once(child, 'message'))[0] as ReceiverAnswer
  const ask = (order: ReceiverOrder) => {
    const answered = answer()
    child.send(order)
    return answered
  }
  const started = await answer()
  if (!('port' in started)) throw new Error('the receiver did not start')
  const host = `127.0.0.1:${started.port}`
  return {
    host,
    url: (path: string) => `http://${host}${path}`,
    /** Requests to this path get no answer from now on; null breaks them off and ends that. */
    hang: (path: string | null) => ask({ hang: path }),
    collect: async (secrets: Record<string, string>): Promise<Record<string, Seen>> => {
      const answered = await ask({ collect: secrets })
      if (!('seen' in answered)) throw new Error('the receiver answered something else')
      return answered.seen
    },
    stop: async () => {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}
