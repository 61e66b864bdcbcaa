/** Which subscribers listen to which topic. Private and public topics of one name are strangers. */
export const createTopics = <Subscriber>() => {
  const members = new Map<string, Set<Subscriber>>()

  const add = (topic: string, subscriber: Subscriber) => {
    const set = members.get(topic) ?? new Set()
    members.set(topic, set.add(subscriber))
  }

  const remove = (topic: string, subscriber: Subscriber) => {
    const set = members.get(topic)
    set?.delete(subscriber)
    if (set?.size === 0) members.delete(topic)
  }

  return {
    add,
    remove,
    of: (topic: string): Iterable<Subscriber> => members.get(topic) ?? [],
    isEmpty: () => members.size === 0,
  }
}

/** The registry's name for a topic. */
export const topicKey = (topic: string, isPrivate: boolean) =>
  `${isPrivate ? 'private' : 'public'}:${topic}`
