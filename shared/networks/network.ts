import type { Bytes } from '../crypto/bytes.ts'
import type { Failure } from './outcome.ts'

/** One rate window as the network last reported it for the endpoint just called. */
export type RateWindow = {
  scope: 'account' | 'app'
  seconds: number
  limit: number
  remaining: number
  resetAt: Date
}

/** Every answer carries the rate windows that came with it (often one, sometimes none). */
export type Answered<T> = T & { rates: RateWindow[] }

export type Tokens = {
  accessToken: string
  /** Null when the user did not grant offline access. */
  refreshToken: string | null
  /** Granted scopes, separated by spaces. */
  scope: string
  expiresAt: Date
}

export type Profile = {
  remoteUserId: string
  username: string
  name: string
  /** Longest text of one segment, in the network's own weighting. */
  lengthLimit: number
}

/** `mediaIds`: ids the network gave to uploads of the account, in the order they are shown. */
export type Segment = { text: string; replyTo?: string | null; mediaIds?: string[] }

export type MediaKind = 'photo' | 'gif' | 'video'

export type TimelineItem = {
  remoteId: string
  /** Remote id of its author, null where the network did not say. */
  authorId: string | null
  /** The full text as its author typed it, links expanded and entities decoded, without links to its own media. */
  text: string
  createdAt: Date
  /** Remote id of the parent, null for an original post. */
  replyTo: string | null
  /** Remote id of the post it quotes. */
  quotes: string | null
  /** In order. `remoteId` is the id its upload was given, null where the network does not tell. */
  media: { kind: MediaKind; remoteId: string | null; alt: string | null }[]
}

/** A segment as it was, or may have been, sent. */
export type SentSegment = {
  text: string
  replyTo: string | null
  /** `remoteIds`: every id the network ever gave to an upload of it. */
  media: { kind: MediaKind; remoteIds: string[] }[]
}

/** Cumulative counters of one post; null where the network did not disclose the counter. */
export type Counters = {
  impressions: number
  engagements: number | null
  clicks: number | null
  likes: number
  reposts: number
  replies: number
  quotes: number
  bookmarks: number
  profileClicks: number | null
}

export type PostMetrics =
  | ({ kind: 'ok'; remoteId: string } & Counters)
  | { kind: 'missing'; remoteId: string; slug: string; detail: string }

export type Issue = { slug: string; detail: string; remedy: string }

export type Match = 'no' | 'possible' | 'certain'

/** An app registered with the network. Absent where it is optional: the deployment's own. */
export type AppCredentials = {
  clientId: string
  /** Absent for a public client. */
  clientSecret?: string
}

/** What there is to know of a file before it is uploaded. */
export type MediaFile = { kind: MediaKind; contentType: string; bytes: number }

/** What of a type the network takes. */
export type FileLimits = { kind: MediaKind; mostBytes: number }

/** What a file was found to be; null where the format does not tell. */
export type KnownFile = MediaFile & {
  isAnimated: boolean
  durationMs: number | null
  frameRate: number | null
  videoCodec: string | null
  audioCodec: string | null
}

/** How far the network is with a file it has whole. */
export type MediaState =
  | { kind: 'usable'; expiresAt: Date | null }
  | { kind: 'processing'; checkAfterMs: number; expiresAt: Date | null }

type Options = { signal?: AbortSignal }
type AppOptions = Options & { app?: AppCredentials | undefined }
type Asked<T> = Promise<Answered<T | Failure>>

/**
 * What MyPosts needs from a social network. A second network is one more folder that returns this
 * record; nothing outside those folders knows a provider's wire format.
 * No method throws for anything the network did: failures are values (`Failure`).
 */
export type Network = {
  name: string
  /** The page to send the user to. `state` and `verifier` are the caller's secrets, kept until the callback. */
  connect(input: {
    redirectUri: string
    state: string
    verifier: string
    app?: Pick<AppCredentials, 'clientId'> | undefined
  }): Promise<string>
  /** Trades the callback's query parameters for tokens; call it inside the callback, codes live seconds. */
  exchange(
    input: { callback: URLSearchParams; redirectUri: string; state: string; verifier: string },
    options?: AppOptions,
  ): Asked<{ kind: 'granted'; tokens: Tokens }>
  /** Spends the refresh token. `unknown` may mean it is spent: try once more at most, then reauthorise. */
  refresh(refreshToken: string, options?: AppOptions): Asked<{ kind: 'granted'; tokens: Tokens }>
  revoke(token: string, options?: AppOptions): Asked<{ kind: 'revoked' }>
  me(accessToken: string, options?: Options): Asked<{ kind: 'profile'; profile: Profile }>
  /** What stops this text from being published, empty when nothing does. Pure. */
  validate(text: string, limits: { lengthLimit: number }): Issue[]
  /** Sends one segment, once. Only `not_sent` and `retry` say that nothing was published. */
  publish(
    accessToken: string,
    segment: Segment,
    options?: Options,
  ): Asked<{ kind: 'accepted'; remoteId: string }>
  /** Files for posts: begin, append every chunk (again is harmless), finish, then ask until usable. */
  media: {
    /** By content type. */
    limits: Record<string, FileLimits>
    /** What stops a file from being shown, empty when nothing does. Pure. */
    checkFile(file: KnownFile): Issue[]
    /** What stops these from being shown together in one segment. Pure. */
    checkSet(kinds: MediaKind[]): Issue[]
    /** Most bytes of one chunk. */
    chunkBytes: number
    begin(
      accessToken: string,
      file: MediaFile,
      options?: Options,
    ): Asked<{ kind: 'begun'; remoteId: string; expiresAt: Date }>
    append(
      accessToken: string,
      chunk: { remoteId: string; index: number; bytes: Bytes },
      options?: Options,
    ): Asked<{ kind: 'appended' }>
    finish(accessToken: string, remoteId: string, options?: Options): Asked<MediaState>
    /** `refused` with the slug media-processing-failed when the network could not process it. */
    state(accessToken: string, remoteId: string, options?: Options): Asked<MediaState>
    /** Sets what people hear who cannot see it. */
    describe(
      accessToken: string,
      remoteId: string,
      altText: string,
      options?: Options,
    ): Asked<{ kind: 'described' }>
  }
  /** Deletes a post; one that is already gone counts as removed. */
  remove(accessToken: string, remoteId: string, options?: Options): Asked<{ kind: 'removed' }>
  /**
   * The account's own posts created at or after `since`, newest first. Only `complete: true` proves
   * that a post which is not among them does not exist; `gap` says in words what it may be missing.
   */
  timeline(
    accessToken: string,
    query: { remoteUserId: string; since: Date },
    options?: Options,
  ): Asked<{ kind: 'timeline'; items: TimelineItem[]; complete: boolean; gap: string | null }>
  /** The post an address (or a bare id) leads to; null when it leads to none. Pure. */
  readAddress(
    address: string,
  ): { remoteId: string; username: string | null; createdAt: Date | null } | null
  /** One post of anybody's, `missing` when it is deleted, hidden or never was. */
  find(
    accessToken: string,
    remoteId: string,
    options?: Options,
  ): Asked<{ kind: 'found'; item: TimelineItem } | { kind: 'missing' }>
  /**
   * Whether a post found on the network may be the segment we sent, allowing for what the network
   * rewrites. `certain` when the network names the very uploads that were sent.
   */
  match(sent: SentSegment, found: TimelineItem): Match
  /** Counters of at most 100 of the account's own posts, in the order asked. */
  metrics(
    accessToken: string,
    remoteIds: string[],
    options?: Options,
  ): Asked<{ kind: 'metrics'; posts: PostMetrics[] }>
}
