import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child.ts'

const PAUSE_MS = 200

/** Starts a program and starts it again whenever it ends, until it is stopped. */
export const keepRunning = async (o: {
  name: string
  launch: () => Promise<Child>
  log: (line: string) => void
}) => {
  let child = await o.launch()
  let isStopping = false
  const end = () => child.end(['SIGTERM', 'SIGKILL'], 3000)

  const guard = async () => {
    while (!isStopping) {
      await child.exited
      if (isStopping) return
      o.log(`${o.name} ended, starting it again`)
      await sleep(PAUSE_MS)
      child = await o.launch().catch((error: Error) => {
        o.log(`${o.name}: ${error.message}`)
        return child
      })
    }
    await end()
  }
  const guarding = guard()

  return {
    pid: () => child.pid,
    stop: async () => {
      isStopping = true
      await end()
      await guarding
    },
  }
}
