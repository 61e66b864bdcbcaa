import type { MediaKind, TimelineItem } from '../networks/network.ts'
import { originalText } from './texts.ts'
import type { XMedia, XPost } from './vocabulary.ts'

/** What X is asked for, so that a post can be compared with what was sent. */
export const itemFields = {
  'tweet.fields': 'author_id,created_at,text,note_tweet,entities,referenced_tweets,attachments',
  expansions: 'attachments.media_keys',
  'media.fields': 'alt_text,type',
}

const kinds: Record<string, MediaKind> = {
  photo: 'photo',
  animated_gif: 'gif',
  video: 'video',
}
/** A media key is `<kind>_<id of the upload>`. */
const kindOfKey: Record<string, MediaKind> = {
  '3': 'photo',
  '16': 'gif',
  '7': 'video',
  '13': 'video',
}

const mediaOf = (post: XPost, included: XMedia[]): TimelineItem['media'] =>
  (post.attachments?.media_keys ?? []).map((key) => {
    const [family = '', remoteId] = key.split('_')
    const media = included.find(({ media_key }) => media_key === key)
    return {
      kind: kinds[media?.type ?? ''] ?? kindOfKey[family] ?? 'photo',
      remoteId: remoteId ?? null,
      alt: media?.alt_text ?? null,
    }
  })

/** A post of X as the comparison needs it; none for a repost, or for one whose time X did not tell. */
export const toItem = (post: XPost, included: XMedia[]): TimelineItem[] => {
  const idOf = (type: string) =>
    post.referenced_tweets?.find((reference) => reference.type === type)?.id ?? null
  if (!post.created_at || idOf('retweeted') !== null) return []
  return [
    {
      remoteId: post.id,
      authorId: post.author_id ?? null,
      text: originalText(post),
      createdAt: new Date(post.created_at),
      replyTo: idOf('replied_to'),
      quotes: idOf('quoted'),
      media: mediaOf(post, included),
    },
  ]
}
