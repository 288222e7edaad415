"""Faces of FER+ put into a scene: turned, dim, behind a mask or a hand."""
import cv2
import numpy as np
from expression_net import SIDE
from scenes import HEIGHT, WIDTH, laid, log_uniform

# A tile is a little wider and higher than the face on it: the box's edges as shares of the tile, as YuNet draws them.
BOX = np.float32([0.12, 0.06, 0.88, 0.97])
# The tile's opacity: an ellipse with a soft edge, so that the edge of a square is not what is learned.
_down, _across = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) - (SIDE - 1) / 2
ELLIPSE = cv2.GaussianBlur(np.clip(1.25 - np.hypot(_across / 23, _down / 25), 0, 0.25) / 0.25, (0, 0), 1.5)


def worn(face, random):
    """Cloth over mouth and nose, in place."""
    light, top = random.uniform(20, 240), int(SIDE * random.uniform(0.5, 0.62))
    face[top:] = light + random.standard_normal(face[top:].shape) * 4


def held(face, random):
    """A hand or a thing before a part of the face, in place."""
    height, width = random.integers(10, 24, 2)
    top, left = random.integers(0, SIDE - height), random.integers(0, SIDE - width)
    face[top : top + height, left : left + width] = random.uniform(20, 220)


def things(scene, random):
    """Screens, cards, balls, helmets: plain shapes, shaded across, in place. None of them is a face."""
    for _ in range(int(random.integers(0, 4))):
        width = int(log_uniform(random, 12, 130))
        height = int(width * random.uniform(0.6, 1.6))
        x, y = int(random.integers(-width // 3, WIDTH)), int(random.integers(-height // 3, HEIGHT))
        light, slope = random.uniform(0, 255, 3), random.uniform(-1.5, 1.5, 2)
        shape = np.zeros((HEIGHT, WIDTH), np.uint8)
        if random.random() < 0.5:
            cv2.rectangle(shape, (x, y), (x + width, y + height), 255, -1)
        else:
            cv2.ellipse(shape, (x + width // 2, y + height // 2), (width // 2, height // 2), 0, 0, 360, 255, -1)
        if random.random() < 0.7:
            light = np.full(3, light[0])
        down, across = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
        shade = ((across - x) * slope[0] + (down - y) * slope[1]) * 60 / width
        opacity = cv2.GaussianBlur(shape, (0, 0), random.uniform(0.3, 1.5)).astype(np.float32)[:, :, None] / 255
        scene += ((light + shade[:, :, None]).clip(0, 255) - scene) * opacity


def pasted(tiles, scene, random):
    """One face into the scene, in place; returns the box, or None where the tile shows nearly nothing."""
    face = tiles[random.integers(len(tiles))].astype(np.float32)
    if face.std() < 12:
        return None
    face = (face - face.mean()) * random.uniform(0.5, 1.1) + random.uniform(40, 185)
    if random.random() < 0.2:
        worn(face, random)
    elif random.random() < 0.2:
        held(face, random)
    turn = cv2.getRotationMatrix2D(((SIDE - 1) / 2,) * 2, float(random.normal(0, 12)), 1.0)
    face = cv2.warpAffine(face, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    width = int(log_uniform(random, 14, 115))
    height = int(width * random.uniform(0.9, 1.15))
    x = int(random.integers(-width // 5, WIDTH - width * 4 // 5))
    y = int(random.integers(-height // 6, HEIGHT - height * 4 // 5))
    # Without the ellipse in one of ten: a card, a badge or a screen shows faces with edges too.
    opacity = ELLIPSE if random.random() < 0.9 else np.ones_like(ELLIPSE)
    shape = cv2.INTER_AREA if width < SIDE else cv2.INTER_CUBIC
    face, opacity = (cv2.resize(each, (width, height), interpolation=shape) for each in (face, opacity))
    laid(scene, face[:, :, None], opacity[:, :, None], x, y)
    box = BOX * np.float32([width, height, width, height]) + np.float32([x, y, x, y])
    return np.clip(box, 0, np.float32([WIDTH, HEIGHT, WIDTH, HEIGHT]))
