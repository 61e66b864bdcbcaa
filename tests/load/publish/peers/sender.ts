import { Agent, request } from 'node:http'

/** A bare post: no attempt, no lease, nothing that would stop a second one. */
export type PeerJob = { token: string; text: string }
export type Send = (job: PeerJob) => Promise<void>

export const IN_FLIGHT = 64

/** POSTs to X over kept connections, no more than `IN_FLIGHT` at once. Rejects unless X took it. */
export const createSender = (xUrl: string): Send => {
  const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT })
  const { hostname, port } = new URL(xUrl)
  return ({ token, text }) =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify({ text })
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }
      const options = { agent, hostname, port, method: 'POST', path: '/2/tweets', headers }
      request(options, (response) => {
        response.resume()
        response.once('end', () =>
          response.statusCode === 201 ? resolve() : reject(new Error(`X: ${response.statusCode}`)),
        )
      })
        .once('error', reject)
        .end(body)
    })
}
