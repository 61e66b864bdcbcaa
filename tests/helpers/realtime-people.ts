import { afterEach } from 'vitest'
import { newAccount, newClient } from './accounts.ts'

/** Accounts and clients whose sockets are closed after each test. */
export function usePeople() {
  const opened = new Set<ReturnType<typeof newClient>>()
  afterEach(async () => {
    for (const client of opened) await client.realtime.disconnect()
    opened.clear()
  })
  const watch = <Client extends ReturnType<typeof newClient>>(client: Client) => {
    opened.add(client)
    return client
  }
  const person = async () => {
    const account = await newAccount()
    watch(account.client)
    return account
  }
  return { person, watch, anonymous: () => watch(newClient()) }
}
