import { expect, test } from 'vitest'
import { deliveryWorker } from '../../helpers/delivery-worker.ts'

/** A worker whose look-ups answer the addresses in turn, the last one for ever. */
const workerThatResolves = (...answers: string[][]) => {
  const sent: { to: string; addresses: readonly string[] }[] = []
  const worker = deliveryWorker(() => Promise.reject(new Error('only what was checked is reached')))
  Object.assign(worker.deps, {
    resolveDns: async () => (answers.length > 1 ? answers.shift() : answers[0]),
    fetchPublic: async (url: URL, addresses: readonly string[]) => {
      sent.push({ to: url.host, addresses })
      return new Response(null, { status: 204 })
    },
  })
  const deliver = async () => {
    worker.queue.push({ url: 'https://a.example/hook', id: crypto.randomUUID() })
    await worker.run()
    await worker.finish()
  }
  return { ...worker, sent, deliver }
}

test('an attempt connects to the addresses that were checked for it, and to no others', async () => {
  const { deliver, sent, settled } = workerThatResolves(['1.1.1.1', '2606:4700::1111'], ['8.8.8.8'])
  await deliver()
  expect(settled).toMatchObject([{ outcome: 'delivered', http_status: 204 }])
  expect(sent).toEqual([{ to: 'a.example', addresses: ['1.1.1.1', '2606:4700::1111'] }])
})

test('addresses are checked again for each claim: what turned private gets nothing', async () => {
  const { deliver, sent, settled } = workerThatResolves(['1.1.1.1'], ['169.254.169.254'])
  await deliver()
  await deliver()
  expect(sent).toHaveLength(1)
  expect(settled).toMatchObject([
    { outcome: 'delivered' },
    { outcome: 'retry', error: 'address-refused' },
  ])
})
