/** Runs an embedded stack for a bench, in a process of its own: what measures must not share its event loop. */
import { startStack } from '../../../scripts/stack/start.ts'
import type { HostAnswer, HostOrder, HostSetup } from './start-host.ts'

const tell = (answer: HostAnswer) => process.send?.(answer)

const run = async (setup: HostSetup) => {
  const began = performance.now()
  const stack = await startStack({
    port: 0,
    data: setup.data,
    cron: setup.cron ?? true,
    // X sends no events: hearing of every post is not what is measured.
    env: { X_BEARER_TOKEN: '', ...setup.env },
    ...(setup.project && { project: setup.project }),
    log: (line) => {
      if (/"level":"(?:warn|error)"|limit reached/.test(line)) tell({ line })
    },
  })
  tell({ ready: { state: stack.state, seconds: (performance.now() - began) / 1000 } })
  process.on('message', async (order: HostOrder) => {
    if ('kill' in order) await stack.functions.kill(order.kill)
    if ('restartPostgres' in order) await stack.postgres.restart('immediate')
    tell({ workers: stack.functions.stats() })
  })
  process.once('disconnect', () => stack.stop().finally(() => process.exit()))
}

process.once('message', (setup: HostSetup) => {
  run(setup).catch((error: Error) => {
    tell({ failed: error.message })
    process.disconnect()
  })
})
