"""The pictures that the face net learns from: boxes that people looked at, a teacher's elsewhere, and many without a face."""
import json

import cv2
from pictures import Picture, boxes, clip_frames, doubted, read_teacher
from set_aside import OPENLY, set_aside, share

LOOKED_AT = "faces/coco_val2017_ccby.json"
# A picture with faces weighs 1. Groceries, packets and rooms teach what no face is; two in five scenes begin with one.
WITHOUT_FACES, WITHOUT_PEOPLE = 0.4, 1.0


def from_teacher(name, file, told, weight=1.0):
    """A picture with the teacher's boxes: the sure ones are faces, in the others nothing is learned."""
    sure = boxes([box for box, score in told if score >= 0.6])
    return Picture(name, cv2.imread(str(file)), sure, doubted(sure, told), weight if len(sure) else WITHOUT_FACES)


def openly_licensed(data, teacher, hidden):
    looked_at = json.loads((data / "train/openly-licensed" / LOOKED_AT).read_text())
    for folder in OPENLY:
        at = data / "train/openly-licensed" / folder
        for name in json.loads((at / "labels.json").read_text()):
            if name in hidden[f"openly-licensed/{folder}"]:
                continue
            if folder.startswith("negatives"):
                yield Picture(name, cv2.imread(str(at / name)), boxes([]), weight=WITHOUT_PEOPLE)
            elif name in looked_at:
                faces = boxes([box[:4] for box in looked_at[name]["boxes"]])
                yield Picture(name, cv2.imread(str(at / name)), faces, doubted(faces, teacher.get(name, [])))
            else:
                yield from_teacher(name, at / name, teacher.get(name, []))


def others(data, teacher, hidden):
    for folder in ("pennfudan/PNGImages", "coco128/images"):
        for file in sorted((data / "train" / folder).iterdir()):
            if file.name not in hidden["pennfudan"]:
                yield from_teacher(file.name, file, teacher.get(file.name, []), 0.5)


def read_pictures(data, teacher_file, frames):
    """
    Everything but what is set aside, parted in what is learned from and what the curve is drawn from: a tenth of the
    openly licensed pictures.
    """
    teacher, hidden = read_teacher(teacher_file, "faces"), set_aside()
    openly = list(openly_licensed(data, teacher, hidden))
    watched = [p for p in openly if 0.2 <= share(p.name) < 0.28]
    names = {p.name for p in watched}
    learned = [p for p in openly if p.name not in names]
    learned += [*others(data, teacher, hidden), *clip_frames(frames, teacher)]
    return learned, watched
