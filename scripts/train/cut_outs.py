"""People cut out along their outlines, to be pasted into other pictures."""
import cv2
import numpy as np
from scenes import HEIGHT, WIDTH, laid, log_uniform
from set_aside import set_aside

MOST_HEIGHT = 300
# A person of whom less is left is not pasted.
LEAST_PX = 12


def cut(pixels, mask, least_height, least_width):
    x, y, width, height = cv2.boundingRect(mask)
    if height < least_height or width < least_width:
        return None
    inside = (slice(y, y + height), slice(x, x + width))
    scale = min(1.0, MOST_HEIGHT / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrink = lambda image: cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return shrink(pixels[inside]), shrink(mask[inside] * 255)


def from_penn_fudan(data):
    at, hidden = data / "train/pennfudan", set_aside()["pennfudan"]
    for file in sorted((at / "PNGImages").iterdir()):
        if file.name in hidden:
            continue
        pixels = cv2.imread(str(file))
        mask = cv2.imread(str(at / "PedMasks" / f"{file.stem}_mask.png"), cv2.IMREAD_UNCHANGED)
        for person in range(1, mask.max() + 1):
            yield cut(pixels, (mask == person).astype(np.uint8), 80, 20)


def from_coco128(data):
    at = data / "train/coco128"
    for file in sorted((at / "images").iterdir()):
        outlines = at / "masks" / f"{file.stem}.txt"
        pixels = cv2.imread(str(file))
        size = np.float32([pixels.shape[1], pixels.shape[0]])
        for line in outlines.read_text().splitlines() if outlines.exists() else []:
            words = line.split()
            if words[0] != "1" or len(words) < 7:
                continue
            mask = np.zeros(pixels.shape[:2], np.uint8)
            corners = np.float32([float(w) for w in words[1:]]).reshape(-1, 2) * size
            cv2.fillPoly(mask, [corners.astype(np.int32)], 1)
            yield cut(pixels, mask, 70, 25)


def read_cut_outs(data):
    """A list of (pixels BGR, opacity 0..255)."""
    return [each for each in [*from_penn_fudan(data), *from_coco128(data)] if each is not None]


def pasted(cut_outs, scene, random):
    """One person into the scene, in place; returns the box, or None where too little of it is seen."""
    pixels, opacity = cut_outs[random.integers(len(cut_outs))]
    height = int(log_uniform(random, 24, 300))
    width = max(6, int(height * pixels.shape[1] / pixels.shape[0] * random.uniform(0.85, 1.15)))
    if width > WIDTH * 0.9:
        return None
    person = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    alpha = cv2.GaussianBlur(cv2.resize(opacity, (width, height), interpolation=cv2.INTER_AREA), (3, 3), 0)
    if random.random() < 0.5:
        person, alpha = person[:, ::-1], alpha[:, ::-1]
    mean = person.mean((0, 1))
    person = (person - mean) * random.uniform(0.6, 1.2) + mean * random.uniform(0.6, 1.25)
    x = int(random.integers(-width // 3, max(-width // 3 + 1, WIDTH - width * 2 // 3)))
    y = int(random.integers(-height // 6, max(-height // 6 + 1, HEIGHT - height // 2)))
    x1, y1, x2, y2 = max(0, x), max(0, y), min(WIDTH, x + width), min(HEIGHT, y + height)
    if x2 - x1 < 6 or y2 - y1 < LEAST_PX:
        return None
    laid(scene, person, alpha[:, :, None].astype(np.float32) / 255, x, y)
    return np.float32([x1, y1, x2, y2])
