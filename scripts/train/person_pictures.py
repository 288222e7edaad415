"""The pictures that the person net learns from: where each lies, who is on it, and what about it is unsure."""
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from set_aside import OPENLY, OVERHEAD, set_aside, share

# A teacher's box below the first is nobody, above the second it is taken for a person; between them it is unsure.
TEACHER_UNSURE, TEACHER_SURE = 0.3, 0.5
# A teacher's box that overlaps a drawn one this much means the same person.
SAME_IOU = 0.4


@dataclass
class Picture:
    """One picture (BGR), boxes as N × [x1, y1, x2, y2] in its pixels."""

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


def read_teacher(file):
    """What `touchpoint vision detect --json` printed: picture's name → [box, score]."""
    told = {}
    for line in Path(file).read_text().splitlines() if file else []:
        row = json.loads(line)
        told[Path(row["file"]).name] = [
            ([x, y, x + w, y + h], person["score"]) for person in row["persons"] for x, y, w, h in [person["box"]]
        ]
    return told


def doubted(persons, told):
    """Boxes of the teacher that nobody drew: perhaps somebody in a crowd, so that nothing is learned there."""
    found = [box for box, score in told if score >= TEACHER_UNSURE]
    return boxes([b for b in found if len(persons) == 0 or overlaps(np.float32(b), persons).max() < SAME_IOU])


def openly_licensed(data, teacher, hidden):
    for folder in (*OPENLY, OVERHEAD):
        at = data / "train/openly-licensed" / folder
        for name, row in json.loads((at / "labels.json").read_text()).items():
            # A hand is part of a person: such groceries would teach that it is none.
            if name in hidden[f"openly-licensed/{folder}"] or row.get("may_show_hand"):
                continue
            persons = boxes([box[:4] for box in row["boxes"]])
            unsure = doubted(persons, teacher.get(name, [])) if folder.startswith("persons/coco") else boxes([])
            # The overhead frames are one scene, the negatives are many of a kind.
            weight = 0.5 if folder == OVERHEAD else 1.0 if folder.startswith("persons") else 0.35
            yield Picture(name, cv2.imread(str(at / name)), persons, unsure, weight, folder == OVERHEAD)


def penn_fudan(data, hidden):
    at = data / "train/pennfudan"
    for file in sorted((at / "PNGImages").iterdir()):
        if file.name in hidden["pennfudan"]:
            continue
        words = (at / "Annotation" / f"{file.stem}.txt").read_text(encoding="latin-1")
        corners = re.findall(r"\(Xmin, Ymin\) - \(Xmax, Ymax\) : \((\d+), (\d+)\) - \((\d+), (\d+)\)", words)
        yield Picture(file.name, cv2.imread(str(file)), boxes([[float(v) for v in row] for row in corners]))


def coco128(data, teacher):
    at = data / "train/coco128"
    for file in sorted((at / "images").iterdir()):
        pixels = cv2.imread(str(file))
        height, width = pixels.shape[:2]
        labels = at / "boxes" / f"{file.stem}.txt"
        rows = [line.split() for line in labels.read_text().splitlines()] if labels.exists() else []
        middles = np.array([r[1:5] for r in rows if r[0] == "0"], np.float32).reshape(-1, 4)
        scale = np.float32([width, height])
        corners = [middles[:, :2] - middles[:, 2:] / 2, middles[:, :2] + middles[:, 2:] / 2]
        persons = np.concatenate([c * scale for c in corners], 1)
        yield Picture(file.name, pixels, persons, doubted(persons, teacher.get(file.name, [])))


def clip_frames(folder, teacher):
    """Frames without drawn boxes: the teacher's are all there is. Neighbours in time are alike, so each weighs little."""
    for file in sorted(Path(folder).iterdir()) if folder else []:
        told = teacher.get(file.name, [])
        sure = boxes([box for box, score in told if score >= TEACHER_SURE])
        unsure = boxes([box for box, score in told if TEACHER_UNSURE <= score < TEACHER_SURE])
        yield Picture(file.name, cv2.imread(str(file)), sure, unsure, 0.15)


def read_pictures(data, teacher_file, frames):
    """
    Everything but what is set aside, parted in what is learned from and what the curve is drawn from: a tenth of the
    openly licensed pictures with people, which training does not see either and on which nothing is decided but when
    it went well.
    """
    teacher, hidden = read_teacher(teacher_file), set_aside()
    openly = list(openly_licensed(data, teacher, hidden))
    watched = [p for p in openly if 0.2 <= share(p.name) < 0.28 and len(p.persons) and not p.from_above]
    names = {p.name for p in watched}
    learned = [p for p in openly if p.name not in names]
    learned += [*penn_fudan(data, hidden), *coco128(data, teacher), *clip_frames(frames, teacher)]
    return learned, watched
