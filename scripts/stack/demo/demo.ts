import type { StackState } from '../state.ts'
import { nextSteps } from './next-steps.ts'
import type { Receiver } from './receiver.ts'
import { readDemo, writeDemo } from './record.ts'
import { DEMO_LOGIN, seedDemo, signInDemo } from './seed.ts'
import { showJob } from './show.ts'

const SHOWN_WITHIN_MS = 45_000

/**
 * On fresh data: seeds a person, an account and a webhook endpoint, schedules one post and prints
 * each step of its life as it happens. On data that has the demo: says where its post is.
 */
export const runDemo = async (
  state: StackState,
  receiver: Receiver,
  print: (line: string) => void,
): Promise<void> => {
  const record = await readDemo(state.data)
  if (record) {
    const { api } = await signInDemo(state)
    const post = await api<{ status: string }>('GET', `/posts/${record.post_id}`)
    print(`The demo post is ${post.status}: ${state.functions_url}/api/posts/${record.post_id}`)
    return print(nextSteps(state, record))
  }

  const step = (line: string) => print(`  ${new Date().toISOString().slice(11, 23)}  ${line}`)
  print('The job, live (skip it with: npm start -- --no-demo)\n')
  const demo = await seedDemo(state, receiver)
  step(`signed up ${DEMO_LOGIN.email}, connected sandbox account @demo, made a webhook endpoint`)
  const job = await showJob(demo, receiver, step, SHOWN_WITHIN_MS)
  const made = {
    ...DEMO_LOGIN,
    workspace_id: demo.workspaceId,
    account_id: demo.accountId,
    post_id: await job.schedule(),
    receiver_port: receiver.port,
  }
  await writeDemo(state.data, made)
  const seen = await job.done
  for (const missing of ['published', 'webhook', 'metrics'] as const) {
    if (!seen.has(missing)) step(`not seen within 45 s: ${missing} (read the lines above)`)
  }
  print(nextSteps(state, made))
}
