// Who stands in a zone: detections of one frame against a polygon.
import type { ZoneConfig } from "../config/schema.ts";
import type { Box, FaceSeen, Seen } from "../words/inputs.ts";

/** What decides whether a detection lies in a place. */
export type Place = Pick<ZoneConfig, "polygon" | "anchor" | "minScore"> & { readonly by: ZoneConfig["by"] };

/** Even-odd rule; points and corners as shares of the frame. */
export function inside(polygon: readonly (readonly [number, number])[], x: number, y: number): boolean {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i, i += 1) {
    const [xi, yi] = polygon[i] ?? [0, 0];
    const [xj, yj] = polygon[j] ?? [0, 0];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

/** The point of a box that stands for the whole. */
export function anchorOf(anchor: Place["anchor"], [x, y, width, height]: Box): readonly [number, number] {
  return [x + width / 2, anchor === "foot" ? y + height : y + height / 2];
}

/** Faces of the frame that lie in the zone and are sure enough. */
export function facesIn(zone: Place, seen: Seen): FaceSeen[] {
  return seen.faces.filter(
    (face) => face.score >= zone.minScore && inside(zone.polygon, ...anchorOf("centre", face.box)),
  );
}

/**
 * People in the zone in this frame. With `either` the larger of the two counts: a face and the body below it are one
 * person, and pairing them up needs no more than that to stay a lower bound.
 */
export function peopleIn(zone: Place, seen: Seen): number {
  const faces = zone.by === "person" ? 0 : facesIn(zone, seen).length;
  const persons =
    zone.by === "face"
      ? 0
      : seen.persons.filter(
          (person) => person.score >= zone.minScore && inside(zone.polygon, ...anchorOf(zone.anchor, person.box)),
        ).length;
  return Math.max(faces, persons);
}
