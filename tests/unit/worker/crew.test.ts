import { expect, test } from 'vitest'
import { createCrew } from '../../../shared/worker/crew.ts'

const job = () => {
  let finish = () => {}
  const work = new Promise<void>((resolve) => {
    finish = resolve
  })
  return { work, finish: () => finish() }
}

test('tells when few enough are left, and when all are done', async () => {
  const crew = createCrew()
  const jobs = [job(), job(), job()]
  for (const { work } of jobs) crew.add(work)
  let isBelowTwo = false
  const below = crew.below(2).then(() => {
    isBelowTwo = true
  })

  jobs[0]?.finish()
  await jobs[0]?.work
  expect(crew.size()).toBe(2)
  expect(isBelowTwo).toBe(false)

  jobs[1]?.finish()
  await below
  expect(crew.size()).toBe(1)

  jobs[2]?.finish()
  await crew.below(1)
  expect(crew.size()).toBe(0)
})

test('does not wait when few enough are at work already', async () => {
  await createCrew().below(1)
})
