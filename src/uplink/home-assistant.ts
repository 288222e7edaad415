// What Home Assistant is told of this device, so that it finds it by itself: its device discovery, as a pure document.
import { ALERT_STATES } from "../words/feedback.ts";
import type { Topics } from "./topics.ts";

export interface DiscoveredDevice {
  readonly device: string;
  readonly site: string;
  /** Version of the program. */
  readonly version: string;
  /** Ids of all touchpoints. */
  readonly touchpoints: readonly string[];
  /** Ids of those whose presence is told, and how long such a word holds, seconds. */
  readonly presence: readonly string[];
  readonly presenceValidS: number;
  /** Expressions are read here. */
  readonly mood: boolean;
}

/** Platform of each component, by its id. */
export type Platforms = Readonly<Record<string, string>>;

interface Component extends Readonly<Record<string, unknown>> {
  readonly platform: string;
}

/** Discovery topic of a device. */
export function discoveryTopic(prefix: string, device: string): string {
  return `${prefix}/device/${device}/config`;
}

/**
 * The discovery document (Home Assistant, MQTT integration, "Device discovery payload") and what it has.
 * @param before components that were ever told: those that are gone are named without settings, which removes them
 */
export function discoveryDocument(
  device: DiscoveredDevice,
  topics: Topics,
  before: Platforms,
): { readonly json: string; readonly platforms: Platforms } {
  const components = componentsOf(device, topics);
  const platforms = Object.fromEntries(Object.entries(components).map(([id, { platform }]) => [id, platform]));
  const retired = Object.fromEntries(
    Object.entries(before).flatMap(([id, platform]) => (id in components ? [] : [[id, { platform }]])),
  );
  const json = JSON.stringify({
    device: {
      identifiers: [`touchpoint_${device.device}`],
      name: device.device,
      model: "Touchpoint",
      sw_version: device.version,
      suggested_area: device.site,
    },
    origin: { name: "touchpoint", sw_version: device.version },
    qos: 1,
    components: { ...retired, ...components },
  });
  return { json, platforms: { ...before, ...platforms } };
}

/** Names come from Home Assistant where a device class has one; an unavailable device still says that it is disconnected. */
function componentsOf(device: DiscoveredDevice, topics: Topics): Record<string, Component> {
  const unique = (id: string) => ({ unique_id: `touchpoint_${device.device}_${id}` });
  const available = { availability_topic: topics.status, availability_template: "{{ value_json.state }}" };
  const presence = (touchpoint: string) => ({
    ...available,
    state_topic: topics.state(`presence/${touchpoint}`),
    expire_after: device.presenceValidS,
  });
  return {
    connectivity: {
      platform: "binary_sensor",
      ...unique("connectivity"),
      device_class: "connectivity",
      entity_category: "diagnostic",
      state_topic: topics.status,
      value_template: "{{ value_json.state }}",
      payload_on: "online",
      payload_off: "offline",
    },
    ...Object.fromEntries(
      device.presence.flatMap((touchpoint): [string, Component][] => [
        [
          `occupancy_${touchpoint}`,
          {
            platform: "binary_sensor",
            ...unique(`occupancy_${touchpoint}`),
            name: `${touchpoint} occupied`,
            device_class: "occupancy",
            ...presence(touchpoint),
            // "None" is unknown: no camera looks.
            value_template: "{{ 'None' if value_json.occupied is none else ('ON' if value_json.occupied else 'OFF') }}",
          },
        ],
        [
          `people_${touchpoint}`,
          {
            platform: "sensor",
            ...unique(`people_${touchpoint}`),
            name: `${touchpoint} people`,
            state_class: "measurement",
            ...presence(touchpoint),
            value_template: "{{ value_json.people }}",
          },
        ],
      ]),
    ),
    ...Object.fromEntries(
      device.touchpoints.map((touchpoint): [string, Component] => [
        `rating_${touchpoint}`,
        {
          platform: "sensor",
          ...unique(`rating_${touchpoint}`),
          name: `${touchpoint} last rating`,
          icon: "mdi:emoticon-happy-outline",
          ...available,
          state_topic: topics.event("press"),
          // One topic has the presses of all touchpoints, and buttons without a value; for those it stays as it was.
          value_template:
            `{{ value_json.data.value if value_json.touchpoint == '${touchpoint}' and value_json.data.value is number ` +
            "else this.state }}",
        },
      ]),
    ),
    ...(device.mood
      ? {
          smile: {
            platform: "sensor",
            ...unique("smile"),
            name: "smile index",
            icon: "mdi:emoticon-outline",
            unit_of_measurement: "%",
            state_class: "measurement",
            ...available,
            state_topic: topics.state("mood"),
            // Too few people: nothing is told.
            value_template: "{{ (value_json.smile * 100) | round(1) if value_json.smile is defined else 'None' }}",
          },
        }
      : {}),
    alerts: {
      platform: "event",
      ...unique("alerts"),
      name: "alert",
      icon: "mdi:bell-alert-outline",
      ...available,
      state_topic: topics.event("alert"),
      event_types: [...ALERT_STATES],
      value_template:
        "{{ {'event_type': value_json.data.state, 'key': value_json.data.key, 'touchpoint': value_json.touchpoint | default(none), " +
        "'rule': value_json.data.rule, 'reason': value_json.data.reason} | tojson }}",
    },
  };
}
