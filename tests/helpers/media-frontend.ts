import { randomUUID } from 'node:crypto'
import type { StackState } from '../../scripts/stack/state.ts'
import { apiAs } from './api.ts'
import { newSandboxAccount, type SandboxAccount } from './sandbox-account.ts'
import { until } from './until.ts'

export type Medium = {
  id: string
  status: string
  kind: string
  width: number | null
  duration_ms: number | null
  rejection: { slug: string; remedy: string } | null
  upload: { method: string; url: string; headers: Record<string, string>; expires_at: string }
}

export type Shown = { id: string; media_type: string; alt_text: string | null }
export type AcceptedWithMedia = { id: string; text: string; media: Shown[] }

/** What a frontend does with media, against a whole stack. */
export async function mediaFrontend(stack: StackState) {
  const account: SandboxAccount = await newSandboxAccount(stack)
  const { data } = await account.client.auth.getSession()
  const api = apiAs(data.session?.access_token, stack)

  const begin = async (file: Uint8Array, contentType: string, rest: object = {}) => {
    const body = { file_name: 'file', content_type: contentType, bytes: file.length, ...rest }
    const answer = await api('POST', '/media', { body })
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
    return answer.body as Medium
  }
  const put = ({ upload }: Medium, file: Uint8Array) =>
    fetch(upload.url, {
      method: upload.method,
      headers: upload.headers,
      body: file as Uint8Array<ArrayBuffer>,
    })
  const post = async (body: object) =>
    api('POST', '/posts', { body: { account_id: account.id, ...body } })
  const read = async (postId: string) => (await api('GET', `/posts/${postId}`)).body

  return {
    account,
    api,
    begin,
    put,
    post,
    read,
    /** Uploads a file and returns its id. */
    upload: async (file: Uint8Array, contentType: string, rest: object = {}) => {
      const medium = await begin(file, contentType, rest)
      const answer = await put(medium, file)
      if (answer.status !== 200) throw new Error(await answer.text())
      return medium.id
    },
    /** Publishes at once; the id of the post. */
    publish: async (body: object): Promise<string> => {
      const answer = await post({ content: `text ${randomUUID()}`, scheduled_at: 'now', ...body })
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
      return answer.body.id
    },
    untilStatus: (postId: string, status: string, timeoutMs = 20_000) =>
      until(
        `the post is ${status}`,
        async () => {
          const found = await read(postId)
          return found.status === status && found
        },
        timeoutMs,
      ),
    accepted: async (): Promise<AcceptedWithMedia[]> => {
      const url = `${stack.x_url}/sandbox/accepted?username=${account.username}`
      return ((await (await fetch(url)).json()) as { accepted: AcceptedWithMedia[] }).accepted
    },
    /** How this user's media behave on the sandbox X. */
    setMedia: (rules: object) =>
      fetch(`${stack.x_url}/sandbox/media`, {
        method: 'POST',
        body: JSON.stringify({ username: account.username, ...rules }),
      }),
    knownMedia: async () => {
      const url = `${stack.x_url}/sandbox/media?username=${account.username}`
      type Known = { media: { id: string; chunks: { size: number; sha256: string }[] }[] }
      return ((await (await fetch(url)).json()) as Known).media
    },
  }
}

export type MediaFrontend = Awaited<ReturnType<typeof mediaFrontend>>
