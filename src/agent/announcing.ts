// Tells Home Assistant of this device where that is wanted, and takes back what an earlier start told.
import { z } from "zod";
import type { Config } from "../config/schema.ts";
import type { Journal } from "../journal/journal.ts";
import { VALID_MS } from "../touchpoint/presence-signal.ts";
import { discoveryDocument, discoveryTopic, type Platforms } from "../uplink/home-assistant.ts";
import { topicsOf } from "../uplink/topics.ts";
import type { Announcement } from "../uplink/uplink.ts";

/** Under this and a topic the journal keeps what was told there, so that it can be taken back. */
const KEY = "home-assistant:";
const Told = z.record(z.string(), z.string()).catch({});

/**
 * What is to be said on each connection. What is told is kept before it is said; what is taken back is forgotten once the
 * broker has it.
 */
export function announcementsOf(
  { local, fleet }: Config,
  version: string,
  kept: Readonly<Record<string, unknown>>,
  journal: Pick<Journal, "commit">,
): Announcement[] {
  const { broker, site, device } = local;
  if (broker === undefined) return [];
  // A step that fails is tried again with the next start; the journal reports its own trouble.
  const keep = (topic: string, value: Platforms | null): void =>
    void journal.commit({ events: [], keep: { [KEY + topic]: value } }).catch(() => undefined);
  const topic =
    broker.homeAssistant === undefined ? undefined : discoveryTopic(broker.homeAssistant.discoveryPrefix, device);
  const takenBack = Object.keys(kept)
    .filter((key) => key.startsWith(KEY))
    .map((key) => key.slice(KEY.length))
    .filter((former) => former !== topic)
    .map((former) => ({ topic: former, json: "", taken: () => keep(former, null) }));
  if (topic === undefined) return takenBack;
  const before = Told.parse(kept[KEY + topic] ?? {});
  const { json, platforms } = discoveryDocument(
    {
      device,
      site,
      version,
      touchpoints: fleet.touchpoints.map(({ id }) => id),
      presence: fleet.touchpoints.flatMap(({ id, presence }) => (presence === undefined ? [] : [id])),
      presenceValidS: VALID_MS / 1_000,
      mood: local.privacy.emotion !== undefined && local.cameras.length > 0,
    },
    topicsOf(broker.prefix, site, device),
    before,
  );
  if (JSON.stringify(platforms) !== JSON.stringify(before)) keep(topic, platforms);
  return [...takenBack, { topic, json }];
}
