/**
 * The limit that publishing is compared with: POSTs and nothing else. Run by Deno, as functions
 * are. Reads a LimitJob from stdin, prints a LimitResult.
 */
import process from 'node:process'
import { text } from 'node:stream/consumers'

export type LimitJob = {
  url: string
  inFlight: number
  /** Sent before the clock starts, so that the loop is warm. */
  warmUp: LimitPost[]
  posts: LimitPost[]
}
export type LimitPost = { token: string; text: string }
export type LimitResult = { ms: number; accepted: number }

const send = async (url: string, post: LimitPost): Promise<boolean> => {
  const response = await fetch(`${url}/2/tweets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${post.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ text: post.text }),
  })
  await response.text()
  return response.status === 201
}

const sendAll = async ({ url, inFlight }: LimitJob, posts: LimitPost[]): Promise<number> => {
  let next = 0
  let accepted = 0
  const lane = async () => {
    for (let post = posts[next++]; post; post = posts[next++]) {
      if (await send(url, post)) accepted += 1
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return accepted
}

const job = JSON.parse(await text(process.stdin)) as LimitJob
await sendAll(job, job.warmUp)
const began = performance.now()
const accepted = await sendAll(job, job.posts)
const result: LimitResult = { ms: performance.now() - began, accepted }
console.log(JSON.stringify(result))
