import { expect, test } from 'vitest'
import { deliveryWorker } from '../../helpers/delivery-worker.ts'
import { until } from '../../helpers/until.ts'

const answering = async () => new Response('ok')
const fill = (queue: { url: string; id: string }[], count: number, url = 'https://a.example/') => {
  for (let index = 0; index < count; index += 1) queue.push({ url, id: `${url}${index}` })
}

test('delivers and settles everything that is due, then ends', async () => {
  const worker = deliveryWorker(answering)
  fill(worker.queue, 950)
  await worker.run()
  expect(worker.settled).toHaveLength(950)
  expect(new Set(worker.settled.map(({ outcome }) => outcome))).toEqual(new Set(['delivered']))
  expect(worker.calls).not.toContain('ring_deliver')
})

test('looks once more before it ends, because a ring may have been swallowed', async () => {
  const worker = deliveryWorker(answering)
  const run = worker.run()
  await until('the first claim', () => worker.calls.length === 1)
  fill(worker.queue, 1)
  await run
  expect(worker.settled).toHaveLength(1)
})

test('endpoints that hang hold up nobody else', async () => {
  const hanging: (() => void)[] = []
  const worker = deliveryWorker((input) =>
    String(input).includes('hang')
      ? new Promise<Response>((resolve) => hanging.push(() => resolve(new Response('late'))))
      : answering(),
  )
  fill(worker.queue, 1_000, 'https://hang.example/')
  fill(worker.queue, 50)
  const run = worker.run()
  await until('the others are settled', () => worker.settled.length === 50)
  expect(hanging).toHaveLength(1_000)
  for (const answer of hanging) answer()
  await run
  expect(worker.settled).toHaveLength(1_050)
})

test('an isolate past half of its life takes one batch, then rings its successor', async () => {
  const worker = deliveryWorker(answering, { cpuMs: 1_000, perClaim: 10 })
  fill(worker.queue, 30)
  await worker.run()
  await worker.finish()
  expect(worker.settled).toHaveLength(10)
  expect(worker.calls.filter((call) => call === 'claim_deliveries')).toHaveLength(1)
  expect(worker.calls).toContain('ring_deliver')
})

test('asks again under the same claim id when an answer is lost', async () => {
  const worker = deliveryWorker(answering)
  fill(worker.queue, 3)
  const ids: unknown[] = []
  const { service } = worker.deps
  worker.deps.service = async <T>(fn: string, args?: Record<string, unknown>) => {
    if (fn === 'claim_deliveries') ids.push(args?.p_claim_id)
    if (ids.length === 1) throw new Error('reset')
    return service<T>(fn, args)
  }
  await worker.run()
  expect(ids[1]).toBe(ids[0])
  expect(worker.settled).toHaveLength(3)
})

test('never logs what an endpoint answered', async () => {
  const lines: unknown[] = []
  const worker = deliveryWorker(async () => new Response('a canary'))
  worker.deps.log = (entry) => lines.push(entry)
  fill(worker.queue, 2)
  await worker.run()
  expect(lines).toHaveLength(2)
  expect(JSON.stringify(lines)).not.toContain('canary')
})

test('what is handed out in return for results is delivered without another claim', async () => {
  const worker = deliveryWorker(answering, { perClaim: 100 })
  const { service } = worker.deps
  let claims = 0
  worker.deps.service = async <T>(fn: string, args?: Record<string, unknown>) => {
    if (fn === 'claim_deliveries' && ++claims > 1) {
      return { endpoints: [], deliveries: [], next_in_ms: null } as T
    }
    return service<T>(fn, args)
  }
  fill(worker.queue, 300)
  await worker.run()
  expect(worker.settled).toHaveLength(300)
})

test('an isolate past half of its life takes nothing along', async () => {
  const worker = deliveryWorker(answering, { cpuMs: 1_000, perClaim: 10 })
  const limits: unknown[] = []
  const { service } = worker.deps
  worker.deps.service = async <T>(fn: string, args?: Record<string, unknown>) => {
    if (fn === 'settle_deliveries') limits.push(args?.p_limit)
    return service<T>(fn, args)
  }
  fill(worker.queue, 30)
  await worker.run()
  await worker.finish()
  expect(new Set(limits)).toEqual(new Set([undefined]))
})
