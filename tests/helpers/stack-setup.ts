import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { freePort } from '../../scripts/stack/free-port.ts'
import { type StackState, startStack } from '../../scripts/stack/start.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: StackState
    /** Where on loopback a test file may receive webhooks: the stack lets private addresses be reached there only. */
    receiverPorts: { chain: number; hostile: number }
  }
}

/** One whole stack on free ports for the project; its output is kept unless it fails to start. */
export default async function setup(project: TestProject) {
  const directory = await mkdtemp(join(tmpdir(), 'myposts-e2e-'))
  const lines: string[] = []
  const receiverPorts = { chain: await freePort(), hostile: await freePort() }
  const receivers = Object.values(receiverPorts).map((port) => `127.0.0.1:${port}`)
  const stack = await startStack({
    port: 0,
    data: join(directory, 'stack'),
    env: { WEBHOOK_PRIVATE_HOSTS: receivers.join(',') },
    log: (line) => lines.push(line),
  }).catch((error: Error) => {
    throw new Error(`the stack did not start: ${error.message}\n${lines.join('\n')}`, {
      cause: error,
    })
  })
  project.provide('stack', stack.state)
  project.provide('receiverPorts', receiverPorts)

  return async () => {
    await stack.stop()
    await rm(directory, { recursive: true, force: true })
  }
}
