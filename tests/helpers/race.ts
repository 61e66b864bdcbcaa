import type { Client } from 'pg'
import { connect, disconnect } from './database.ts'

/** A meeting point: every caller waits in it until `count` have come. */
export function barrier(count: number): () => Promise<void> {
  let missing = count
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return () => {
    missing -= 1
    if (missing === 0) open()
    return opened
  }
}

/**
 * Runs `fn` on `count` real connections which all start together. `meet` is a barrier between them,
 * for a second meeting inside a transaction. Resolves with what each one did.
 */
export async function race<T>(
  count: number,
  fn: (client: Client, index: number, meet: () => Promise<void>) => Promise<T>,
): Promise<PromiseSettledResult<T>[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => connect()))
  const meet = barrier(count)
  const results = await Promise.allSettled(clients.map((client, index) => fn(client, index, meet)))
  await Promise.all(clients.map(disconnect))
  return results
}
