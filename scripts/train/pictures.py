"""A picture to learn from, and what a teacher says of pictures."""
import json
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

# A teacher's box below the first is nobody, above the second it is taken for somebody; between them it is unsure.
TEACHER_UNSURE, TEACHER_SURE = 0.3, 0.5
# A teacher's box that overlaps a drawn one this much means the same.
SAME_IOU = 0.4


@dataclass
class Picture:
    """One picture (BGR), boxes of people or of faces as N × [x1, y1, x2, y2] in its pixels."""

    name: str
    pixels: np.ndarray
    persons: np.ndarray
    unsure: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    weight: float = 1.0
    from_above: bool = False


def boxes(rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def overlaps(one, others):
    """Intersection over union of one box with each of the others."""
    left_top = np.maximum(one[:2], others[:, :2])
    right_bottom = np.minimum(one[2:], others[:, 2:])
    inner = np.prod(np.clip(right_bottom - left_top, 0, None), axis=1)
    area = np.prod(one[2:] - one[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=1)
    return inner / np.maximum(area - inner, 1e-6)


def read_teacher(file, key):
    """
    What `touchpoint vision detect --json` printed, `key` being "persons" or "faces": picture's name → [box, score]. A line
    that says why a picture could not be read is told of and passed over.
    """
    told = {}
    for line in Path(file).read_text().splitlines() if file else []:
        row = json.loads(line)
        if "error" in row:
            print(f"the teacher saw nothing of {row['file']}: {row['error']['message']}", flush=True)
            continue
        told[Path(row["file"]).name] = [
            ([x, y, x + w, y + h], each["score"]) for each in row[key] for x, y, w, h in [each["box"]]
        ]
    return told


def doubted(persons, told):
    """Boxes of the teacher that nobody drew: perhaps somebody in a crowd, so that nothing is learned there."""
    found = [box for box, score in told if score >= TEACHER_UNSURE]
    return boxes([b for b in found if len(persons) == 0 or overlaps(np.float32(b), persons).max() < SAME_IOU])


def clip_frames(folder, teacher):
    """Frames without drawn boxes: the teacher's are all there is. Neighbours in time are alike, so each weighs little."""
    for file in sorted(Path(folder).iterdir()) if folder else []:
        told = teacher.get(file.name, [])
        sure = boxes([box for box, score in told if score >= TEACHER_SURE])
        unsure = boxes([box for box, score in told if TEACHER_UNSURE <= score < TEACHER_SURE])
        yield Picture(file.name, cv2.imread(str(file)), sure, unsure, 0.15)
