// Where a request of the MQTT door comes in: the HTTP door's paths as topics, and back.

/** Topic below the prefix, of a path such as `/v1/transactions`. */
export function topicOf(path: string): string {
  return path.replace(/^\/v1\//, "in/");
}

/** The path that a topic stands for, which may be none that exists. */
export function pathOf(topic: string, prefix: string): string {
  const below = `${prefix}/in/`;
  return topic.startsWith(below) ? `/v1/${topic.slice(below.length)}` : topic;
}
