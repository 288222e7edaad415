// Names of the topics of one device, as the contract gives them.

export interface Topics {
  readonly root: string;
  readonly status: string;
  readonly ack: string;
  readonly config: string;
  readonly delivery: string;
  /** Subscription to every command. */
  readonly commands: string;
  /** Name of the command whose topic this is; undefined for any other topic. */
  readonly commandName: (topic: string) => string | undefined;
  readonly event: (type: string) => string;
  readonly state: (name: string) => string;
}

/** Topics under `{prefix}/{site}/{device}`. */
export function topicsOf(prefix: string, site: string, device: string): Topics {
  const root = `${prefix}/${site}/${device}`;
  const events = new Map<string, string>();
  return {
    root,
    status: `${root}/status`,
    ack: `${root}/ack`,
    config: `${root}/config`,
    delivery: `${root}/state/delivery`,
    commands: `${root}/cmd/+`,
    commandName: (topic) => (topic.startsWith(`${root}/cmd/`) ? topic.slice(root.length + 5) : undefined),
    event: (type) => {
      // Asked for with every publish; types are few.
      const known = events.get(type);
      if (known !== undefined) return known;
      const topic = `${root}/event/${type}`;
      events.set(type, topic);
      return topic;
    },
    state: (name) => `${root}/state/${name}`,
  };
}
