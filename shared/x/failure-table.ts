import type { FailureKind, Who } from '../networks/outcome.ts'
import type { Broken } from './transport.ts'

export type Row = {
  slug: string
  /** Exact statuses, a whole class such as '5xx', or how the transport broke; empty for whatever is left. */
  when: readonly (number | '3xx' | '4xx' | '5xx' | Broken['broken'])[]
  /** Matched against the body's type, title, detail and messages. */
  says?: RegExp
  kind: FailureKind
  who: Who
  remedy: string
}

const reconciled =
  'X may have carried the call out; its timeline is checked before anything is sent again.'

/** The one place that decides what an unsuccessful answer of X means. The first matching row counts. */
export const failureTable: readonly Row[] = [
  {
    slug: 'not-sent',
    when: ['not_sent'],
    kind: 'not_sent',
    who: 'provider',
    remedy: 'Nothing left this machine; the call is repeated by itself.',
  },
  {
    slug: 'timeout',
    when: ['timeout'],
    kind: 'unknown',
    who: 'provider',
    remedy: reconciled,
  },
  {
    slug: 'connection-lost',
    when: ['lost'],
    kind: 'unknown',
    who: 'provider',
    remedy: reconciled,
  },
  {
    slug: 'credits-depleted',
    when: [402],
    kind: 'app_blocked',
    who: 'app',
    remedy: 'Buy credits for the X app; every account of the app waits until then.',
  },
  {
    slug: 'spending-limit',
    when: [403, 429],
    says: /spend(ing)?[ -]?(cap|limit)|usage[ -]?cap/i,
    kind: 'app_blocked',
    who: 'app',
    remedy: "Raise the X app's spending limit or wait for the next billing cycle.",
  },
  {
    slug: 'app-not-permitted',
    when: [403],
    says: /client-not-enrolled|client-forbidden|oauth1-permissions|not (be )?attached to a project/i,
    kind: 'app_blocked',
    who: 'app',
    remedy: 'Give the X app write access and a plan in its developer portal.',
  },
  {
    slug: 'rate-limited',
    when: [429],
    kind: 'retry',
    who: 'provider',
    remedy: 'X accepts more after the time given; the call is repeated then.',
  },
  {
    slug: 'account-suspended',
    when: [401, 403],
    says: /user-suspended|account is (temporarily )?(suspended|locked)/i,
    kind: 'refused',
    who: 'account',
    remedy: 'Sign in to X with this account and follow what it asks; publishing pauses until then.',
  },
  {
    slug: 'token-refused',
    when: [401],
    kind: 'reauth',
    who: 'account',
    remedy: 'Refresh the access token once; if that is refused too, connect the account again.',
  },
  {
    slug: 'duplicate-content',
    when: [403],
    says: /duplicate content|^code 187$/im,
    kind: 'refused',
    who: 'author',
    remedy: 'Change the text: X refuses the same text of one account twice.',
  },
  {
    slug: 'reply-not-allowed',
    when: [403],
    says: /reply to this conversation is not allowed|only reply to or quote/i,
    kind: 'refused',
    who: 'author',
    remedy: 'Reply only to posts of this account or to those that mention it.',
  },
  {
    slug: 'parent-gone',
    when: [400, 403, 404],
    says: /reply to a (tweet|post) that is deleted or not visible/i,
    kind: 'refused',
    who: 'author',
    remedy: 'The post replied to is gone; publish the rest as a new post.',
  },
  {
    slug: 'too-many-cashtags',
    when: [400, 403],
    says: /maximum of one cashtag/i,
    kind: 'refused',
    who: 'author',
    remedy: 'Keep one cashtag ($NAME) at most.',
  },
  {
    slug: 'invalid-link',
    when: [400, 403],
    says: /invalid url/i,
    kind: 'refused',
    who: 'author',
    remedy: 'Correct or remove the link that X does not accept.',
  },
  {
    slug: 'media-gone',
    when: [400, 403, 404],
    says: /media ids? (is|are) invalid|media id \d+ was not found|media.* expired/i,
    kind: 'refused',
    who: 'provider',
    remedy: 'Nothing to do: X has forgotten the upload, and the file is uploaded again.',
  },
  {
    slug: 'media-refused',
    when: [400, 403],
    says: /maximum of 4 items|video longer than|4 photos|file size exceeds|media type .* not supported/i,
    kind: 'refused',
    who: 'author',
    remedy: 'Attach media that X accepts: 4 images, or 1 GIF, or 1 video.',
  },
  {
    slug: 'not-permitted',
    when: [403],
    kind: 'refused',
    who: 'author',
    remedy: 'Check length, media and links; X does not say which of its rules the post breaks.',
  },
  {
    slug: 'not-found',
    when: [404],
    kind: 'refused',
    who: 'author',
    remedy: 'The post or the account is not on X any more.',
  },
  {
    slug: 'invalid-request',
    when: [400, 413, 422],
    kind: 'refused',
    who: 'author',
    remedy: 'Change what X names in the detail.',
  },
  {
    slug: 'unfinished',
    when: [408, '3xx', '5xx'],
    kind: 'unknown',
    who: 'provider',
    remedy: reconciled,
  },
  {
    slug: 'refused',
    when: ['4xx'],
    kind: 'refused',
    who: 'provider',
    remedy: 'Read the detail; X refused the request.',
  },
  {
    slug: 'unreadable-answer',
    when: [],
    kind: 'unknown',
    who: 'provider',
    remedy: reconciled,
  },
]
