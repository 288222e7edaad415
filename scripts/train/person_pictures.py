"""The pictures that the person net learns from: where each lies, who is on it, and what about it is unsure."""
import json
import re

import cv2
import numpy as np
from pictures import Picture, boxes, clip_frames, doubted, read_teacher
from set_aside import OPENLY, OVERHEAD, set_aside, share


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


def read_pictures(data, teacher_file, frames):
    """
    Everything but what is set aside, parted in what is learned from and what the curve is drawn from: a tenth of the
    openly licensed pictures with people, which training does not see either and on which nothing is decided but when
    it went well.
    """
    teacher, hidden = read_teacher(teacher_file, "persons"), set_aside()
    openly = list(openly_licensed(data, teacher, hidden))
    watched = [p for p in openly if 0.2 <= share(p.name) < 0.28 and len(p.persons) and not p.from_above]
    names = {p.name for p in watched}
    learned = [p for p in openly if p.name not in names]
    learned += [*penn_fudan(data, hidden), *coco128(data, teacher), *clip_frames(frames, teacher)]
    return learned, watched
