import { z } from 'zod'
import { askAsAccount } from '../accounts/ask-as-account.ts'
import type { Caller } from '../db/caller.ts'
import type { Deps } from '../deps.ts'
import { problems } from '../http/problems.ts'
import type { Network } from '../networks/network.ts'
import { CLOCK_SKEW_MS } from '../publishing/find-attempt.ts'
import { Post } from './post.ts'

export const ResolvePostInput = z
  .strictObject({
    outcome: z.enum(['live', 'not_live']).meta({
      description:
        'Whether the post is on the network. not_live is taken once nothing can send it any more.',
    }),
    url: z.string().max(500).optional().meta({
      description: 'With live: the address of the post, such as https://x.com/someone/status/123.',
    }),
    id: z
      .string()
      .regex(/^[0-9]{1,19}$/, { error: "Must be the id at the end of the post's address on X." })
      .optional()
      .meta({ description: 'With live, instead of url: the id of the post on the network.' }),
  })
  .superRefine(({ outcome, url, id }, context) => {
    const given = [url, id].filter((value) => value !== undefined).length
    if (outcome === 'live' ? given === 1 : given === 0) return
    context.addIssue({
      code: 'custom',
      path: ['url'],
      message:
        outcome === 'live'
          ? 'Send url or id, and not both.'
          : 'Send no url and no id with not_live.',
    })
  })
  .meta({ id: 'ResolvePost' })

export type ResolvePostInput = z.infer<typeof ResolvePostInput>

/** Whose post it would have to be. */
type Resolving = {
  account_id: string
  status: string
  twitter_username: string
  remote_user_id: string
  sending_at: string | null
}

type Need = Pick<
  Deps,
  'env' | 'now' | 'monotonic' | 'sleep' | 'ending' | 'deadline' | 'randomUUID' | 'service'
>
type Place = { postId: string; version: number | null }
type Address = NonNullable<ReturnType<Network['readAddress']>>

const FIND_TIMEOUT_MS = 10_000

/**
 * Settles an unconfirmed post by what a person saw. An id is asked of the network first: it has to be
 * a post of this account, not older than the attempt. A network that does not answer is 503. Only an
 * account that cannot be asked for at all (disconnected, say) is taken at the person's word.
 */
export const resolvePost = async (
  deps: Need,
  caller: Pick<Caller, 'rpc'>,
  network: Network,
  { postId, version }: Place,
  input: ResolvePostInput,
): Promise<Post> => {
  const settle = async (remoteId: string | null) =>
    Post.parse(
      await caller.rpc('resolve_post', {
        p_post_id: postId,
        p_remote_id: remoteId,
        p_version: version,
      }),
    )
  if (input.outcome === 'not_live') return settle(null)

  const address = network.readAddress(input.url ?? input.id ?? '')
  if (!address) {
    throw problems.invalid([
      {
        pointer: '/url',
        detail: 'Not the address of a post, such as https://x.com/someone/status/123.',
      },
    ])
  }
  const args = { p_post_id: postId, p_version: version }
  const asked = await caller.rpc<Resolving>('start_resolving', args)
  const { sentAt, isRead } = await checkPost(deps, network, asked, address)
  await deps.service('check_remote_id', {
    p_post_id: postId,
    p_remote_id: address.remoteId,
    p_sent_at: sentAt?.toISOString() ?? null,
    p_is_read: isRead,
  })
  return settle(address.remoteId)
}

type Checked = { sentAt: Date | null; isRead: boolean }

/** When the network has the post from, and whether it was asked. Throws when it is not the account's. */
const checkPost = async (
  deps: Need,
  network: Network,
  asked: Resolving,
  address: Address,
): Promise<Checked> => {
  const begun = asked.sending_at === null ? 0 : Date.parse(asked.sending_at) - CLOCK_SKEW_MS
  const answer = await askAsAccount(deps, network, asked, (accessToken) =>
    network.find(accessToken, address.remoteId, { signal: deps.deadline(FIND_TIMEOUT_MS) }),
  )
  if (answer === null) {
    const names = address.username?.toLowerCase() ?? asked.twitter_username.toLowerCase()
    if (names !== asked.twitter_username.toLowerCase()) {
      throw problems.notTheAccountsPost(`The address is one of @${address.username}.`)
    }
    requireNewer(address.createdAt, begun)
    return { sentAt: address.createdAt, isRead: false }
  }
  if (answer.kind === 'missing') {
    throw problems.notTheAccountsPost('X shows no post with this id.')
  }
  if (answer.kind !== 'found') throw problems.networkUnavailable(answer.detail)
  if (answer.item.authorId !== asked.remote_user_id) {
    throw problems.notTheAccountsPost(`The post is not one of @${asked.twitter_username}.`)
  }
  requireNewer(answer.item.createdAt, begun)
  return { sentAt: answer.item.createdAt, isRead: true }
}

const requireNewer = (createdAt: Date | null, begun: number) => {
  if (createdAt && createdAt.getTime() < begun) {
    throw problems.notTheAccountsPost('The post is older than the attempt to send it.')
  }
}
