import type { FailureKind, Who } from '../networks/outcome.ts'
import type { Broken } from './transport.ts'

export type Row = {
  slug: string
  /** Exact statuses, a whole class such as '5xx', or how the transport broke; empty for whatever is left. */
  when: readonly (number | '3xx' | '4xx' | '5xx' | Broken['broken'])[]
  /** Matched against the body's type, title, detail and messages. */
  says?: RegExp
  /** Fits only an answer without a JSON object: X gives one with every refusal of its own. */
  isForeign?: true
  /** What X answered, in the words of docs/errors.md. */
  means: string
  kind: FailureKind
  /** What becomes of the post where that is not what the kind says, in the words of docs/errors.md. */
  becomes?: string
  who: Who
  remedy: string
}

const reconciled =
  'X may have carried the call out; its timeline is checked before anything is sent again.'

/** The one place that decides what an unsuccessful answer of X means. The first matching row counts. */
export const failureTable: readonly Row[] = [
  {
    slug: 'not-from-x',
    means: '403 or 404 without JSON: a firewall before X answered, not X itself.',
    when: [403, 404],
    isForeign: true,
    kind: 'retry',
    who: 'provider',
    remedy:
      "Nothing to do at first: it is tried again. If it stays, X's edge does not let this machine through.",
  },
  {
    slug: 'not-sent',
    means: 'No connection: DNS, connect or TLS failed before a byte left.',
    when: ['not_sent'],
    kind: 'not_sent',
    who: 'provider',
    remedy: 'Nothing left this machine; the call is repeated by itself.',
  },
  {
    slug: 'timeout',
    means: 'No answer within the time limit.',
    when: ['timeout'],
    kind: 'unknown',
    who: 'provider',
    remedy: reconciled,
  },
  {
    slug: 'connection-lost',
    means: 'The connection ended after the request left.',
    when: ['lost'],
    kind: 'unknown',
    who: 'provider',
    remedy: reconciled,
  },
  {
    slug: 'credits-depleted',
    means: '402: the X app has no credits left.',
    when: [402],
    kind: 'app_blocked',
    who: 'app',
    remedy: 'Buy credits for the X app; every account of the app waits until then.',
  },
  {
    slug: 'spending-limit',
    means: '403 or 429: the X app reached its spend or usage cap.',
    when: [403, 429],
    says: /spend(ing)?[ -]?(cap|limit)|usage[ -]?cap/i,
    kind: 'app_blocked',
    who: 'app',
    remedy: "Raise the X app's spending limit or wait for the next billing cycle.",
  },
  {
    slug: 'app-not-permitted',
    means: '403: the X app lacks write access, a project or the right kind of token.',
    when: [403],
    says: /client-not-enrolled|client-forbidden|oauth1-permissions|unsupported-authentication|not (be )?attached to a project/i,
    kind: 'app_blocked',
    who: 'app',
    remedy: 'Give the X app write access and a plan in its developer portal.',
  },
  {
    slug: 'daily-limit',
    means: '403 or 429: the account posted as often as X lets it in a day.',
    when: [403, 429],
    says: /over daily|daily (status|post|tweet)\w* (update )?limit|^code 185$/im,
    kind: 'retry',
    who: 'account',
    remedy: 'Nothing to do: it is tried again. X counts posts of all clients, in half-hour slices.',
  },
  {
    slug: 'rate-limited',
    means: '429: a rate window is used up.',
    when: [429],
    kind: 'retry',
    who: 'provider',
    remedy: 'X accepts more after the time given; the call is repeated then.',
  },
  {
    slug: 'account-suspended',
    means: '401 or 403: the account is suspended or locked.',
    when: [401, 403],
    says: /user-suspended|account is (temporarily )?(suspended|locked)|^code (64|326)$/im,
    kind: 'account_blocked',
    who: 'account',
    remedy: 'Sign in to X with this account and do what it asks, then resume the account here.',
  },
  {
    slug: 'scope-missing',
    means: '401 or 403: the account did not allow what the call needs.',
    when: [401, 403],
    says: /insufficient[ _]scope|missing (the )?(required )?(oauth )?scope/i,
    kind: 'refused',
    who: 'account',
    remedy: 'Connect the account again, and allow the app everything it asks for.',
  },
  {
    slug: 'token-refused',
    means: '401: the access token is not accepted.',
    when: [401],
    kind: 'reauth',
    who: 'account',
    remedy: 'Refresh the access token once; if that is refused too, connect the account again.',
  },
  {
    slug: 'duplicate-content',
    means: '403: the account posted this text already.',
    when: [403],
    says: /duplicate content|^code 187$/im,
    kind: 'refused',
    who: 'author',
    remedy: 'Change the text: X refuses the same text of one account twice.',
  },
  {
    slug: 'reply-not-allowed',
    means: '403: the account may not reply there, or quote that.',
    when: [403],
    says: /reply to this conversation is not allowed|only reply to or quote/i,
    kind: 'refused',
    who: 'author',
    remedy: 'Reply only to posts of this account or to those that mention it.',
  },
  {
    slug: 'parent-gone',
    means: '400, 403 or 404: the post replied to is deleted or hidden.',
    when: [400, 403, 404],
    says: /reply to a (tweet|post) that is deleted or not visible/i,
    kind: 'refused',
    who: 'author',
    remedy: 'The post replied to is gone; publish the rest as a new post.',
  },
  {
    slug: 'too-many-cashtags',
    means: '400 or 403: more than one cashtag.',
    when: [400, 403],
    says: /maximum of one cashtag/i,
    kind: 'refused',
    who: 'author',
    remedy: 'Keep one cashtag ($NAME) at most.',
  },
  {
    slug: 'invalid-link',
    means: '400 or 403: a link is malformed or not accepted.',
    when: [400, 403],
    says: /invalid url/i,
    kind: 'refused',
    who: 'author',
    remedy: 'Correct or remove the link that X does not accept.',
  },
  {
    slug: 'text-too-long',
    means: '400 or 403: longer than X takes from this account.',
    when: [400, 403],
    says: /(bit|be) shorter|text is too long|^code 186$/im,
    kind: 'refused',
    who: 'author',
    remedy: 'Shorten the text. If the account pays for long posts, POST /accounts/:id/refresh.',
  },
  {
    slug: 'looks-automated',
    means: '403: X takes the post for spam or automation.',
    when: [403],
    says: /might be automated|looks like spam|^code 226$/im,
    kind: 'refused',
    who: 'account',
    remedy: 'Label the account as automated at X, or change the text and post less alike.',
  },
  {
    slug: 'media-gone',
    means: '400, 403 or 404: X does not know the media any more.',
    when: [400, 403, 404],
    says: /media ids? (is|are) invalid|media id \d+ was not found|media.* expired/i,
    kind: 'refused',
    becomes: 'uploaded and tried again',
    who: 'provider',
    remedy: 'Nothing to do: X has forgotten the upload, and the file is uploaded again.',
  },
  {
    slug: 'media-refused',
    means: '400 or 403: number, size, length or kind of media.',
    when: [400, 403],
    says: /maximum of 4 items|video longer than|4 photos|file size exceeds|media type .* not supported/i,
    kind: 'refused',
    who: 'author',
    remedy: 'Attach media that X accepts: 4 images, or 1 GIF, or 1 video.',
  },
  {
    slug: 'not-permitted',
    means: '403 without a reason: length, media, links or spam filter.',
    when: [403],
    kind: 'refused',
    who: 'author',
    remedy:
      'Check length (POST /accounts/:id/refresh tells what X lets it write), media and links; X does not say why.',
  },
  {
    slug: 'not-found',
    means: '404: the post or the account is gone.',
    when: [404],
    kind: 'refused',
    who: 'author',
    remedy: 'The post or the account is not on X any more.',
  },
  {
    slug: 'invalid-request',
    means: '400, 413 or 422: something in the request is wrong.',
    when: [400, 413, 422],
    kind: 'refused',
    who: 'author',
    remedy: 'Change what X names in the detail.',
  },
  {
    slug: 'unfinished',
    means: '408, 3xx or 5xx: X may have carried it out all the same.',
    when: [408, '3xx', '5xx'],
    kind: 'unknown',
    who: 'provider',
    remedy: reconciled,
  },
  {
    slug: 'refused',
    means: 'Any other 4xx.',
    when: ['4xx'],
    kind: 'refused',
    who: 'provider',
    remedy: 'Read the detail; X refused the request.',
  },
  {
    slug: 'unreadable-answer',
    means: 'A success without the id of a post, or no JSON.',
    when: [],
    kind: 'unknown',
    who: 'provider',
    remedy: reconciled,
  },
]
