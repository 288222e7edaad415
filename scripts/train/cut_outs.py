"""People cut out along their outlines, to be pasted into other pictures."""
import cv2
import numpy as np
from set_aside import set_aside

MOST_HEIGHT = 300


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
