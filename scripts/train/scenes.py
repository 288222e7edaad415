"""Makes one training scene out of the pictures: a piece of one, somebody pasted in, and the mess a cheap camera makes."""
from dataclasses import dataclass
from typing import Callable

import cv2
import numpy as np
from targets import Targets
from torch.utils.data import Dataset

WIDTH, HEIGHT = 320, 192


@dataclass(frozen=True)
class Kind:
    """In what scenes of people and scenes of faces differ. All sizes are pixels on the input."""

    # Least and most height of the one around whom a piece is shown.
    heights: tuple
    # Who is seen less (a share of the box), or is smaller, is neither learned as one nor as none.
    least_seen: float
    least_px: float
    # Longer side by the level that answers for it, as `Targets` takes it.
    sizes: dict
    # Puts one into the scene, in place; returns the box, or None where there was no room.
    paste: Callable
    grey: bool
    # Puts things that are nobody into a scene without anybody, in place.
    clutter: Callable = None


def log_uniform(random, low, high):
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def turned(picture, random):
    """Who is seen from above may be seen from every side: a turn by quarters, or a mirror image."""
    quarters = int(random.integers(4)) if picture.from_above else 0
    pixels, persons, unsure = picture.pixels, picture.persons, picture.unsure
    for _ in range(quarters):
        width = pixels.shape[1]
        turn = lambda b: np.stack([b[:, 1], width - b[:, 2], b[:, 3], width - b[:, 0]], 1)
        pixels, persons, unsure = np.rot90(pixels), turn(persons), turn(unsure)
    return np.ascontiguousarray(pixels), persons, unsure


def piece(pixels, persons, heights, random):
    """Scale and origin of the piece that is shown: around somebody, far or so near that only half is seen, or anywhere."""
    height, width = pixels.shape[:2]
    if len(persons) and random.random() < 0.5:
        x1, y1, x2, y2 = persons[random.integers(len(persons))]
        scale = min(log_uniform(random, *heights) / max(y2 - y1, 1), 2.0)
        scale = max(scale, 0.6 * min(WIDTH / width, HEIGHT / height))
        # A till's camera sees the upper half: of who is taller than the view the head is shown, not the middle.
        tall = (y2 - y1) * scale > HEIGHT * 0.9
        down = y1 + (y2 - y1) * 0.2 if tall else (y1 + y2) / 2
        left = (x1 + x2) / 2 - random.uniform(0.1, 0.9) * WIDTH / scale
        return scale, left, down - random.uniform(0.15, 0.6 if tall else 0.85) * HEIGHT / scale
    whole = random.random() < 0.5
    fitted = min(WIDTH / width, HEIGHT / height) if whole else max(WIDTH / width, HEIGHT / height)
    scale = fitted * (log_uniform(random, 0.85, 1.3) if whole else log_uniform(random, 0.8, 1.7))
    free = (width - WIDTH / scale, height - HEIGHT / scale)
    left, top = (random.uniform(min(0, f), max(0, f)) for f in free)
    return scale, left, top


def shown(pixels, scale, left, top, random):
    """The piece on the net's input, averaged where it shrinks; grey around a picture, as the agent's letterbox does."""
    shrink = max(1, int(1 / scale))
    if shrink > 1:
        pixels = cv2.resize(pixels, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
    way = np.float32([[scale * shrink, 0, -left * scale], [0, scale * shrink, -top * scale]])
    grey = 128 if random.random() < 0.7 else int(random.integers(0, 256))
    return cv2.warpAffine(pixels, way, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderValue=(grey, grey, grey))


def clipped(boxes, scale, left, top):
    """Boxes on the input, cut at its edges, and the share of each that is seen."""
    moved = (boxes - np.float32([left, top, left, top])) * scale
    inside = np.clip(moved, 0, np.float32([WIDTH, HEIGHT, WIDTH, HEIGHT]))
    area = lambda b: np.prod(np.clip(b[:, 2:] - b[:, :2], 0, None), axis=1)
    return inside, area(inside) / np.maximum(area(moved), 1e-6)


def covered(boxes, by):
    """The share of each box that lies below another."""
    inner = np.minimum(boxes[:, 2:], by[2:]) - np.maximum(boxes[:, :2], by[:2])
    return np.prod(np.clip(inner, 0, None), axis=1) / np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1e-6)


def laid(scene, pixels, opacity, left, top):
    """Lays pixels over the scene, in place, cut at its edges; opacity 0..1 with a last axis of one."""
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = max(0, left), max(0, top), min(WIDTH, left + width), min(HEIGHT, top + height)
    part = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
    under, a = scene[y1:y2, x1:x2], opacity[part]
    scene[y1:y2, x1:x2] = np.clip(under * (1 - a) + pixels[part] * a, 0, 255)


def mess(scene, random):
    """Light, colour, blur, noise and JPEG blocks of a cheap camera."""
    if random.random() < 0.8:
        tint = random.uniform(-15, 15, 3).astype(np.float32)
        scene = (scene - 128) * random.uniform(0.5, 1.35) + 128 + random.uniform(-40, 40) + tint
    if random.random() < 0.15:
        scene = scene.mean(2, keepdims=True).repeat(3, 2)
    if random.random() < 0.15:
        scene = cv2.GaussianBlur(np.ascontiguousarray(scene), (0, 0), random.uniform(0.4, 1.2))
    if random.random() < 0.25:
        scene = scene + random.standard_normal((HEIGHT, WIDTH, 1), np.float32) * random.uniform(1, 10)
    scene = np.clip(scene, 0, 255)
    if random.random() < 0.15:
        _, jpeg = cv2.imencode(".jpg", scene.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 80))])
        scene = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    return scene


def make_scene(pictures, chances, kind, random):
    """A scene: planes × 192 × 320, 0..255, RGB or grey; the boxes of who is in it; boxes in which nothing is learned."""
    picture = pictures[random.choice(len(pictures), p=chances)]
    pixels, drawn, doubtful = turned(picture, random)
    way = piece(pixels, drawn, kind.heights, random)
    scene = shown(pixels, *way, random).astype(np.float32)
    persons, seen = clipped(drawn, *way)
    large = (persons[:, 2:] - persons[:, :2]).max(1, initial=0) >= kind.least_px
    learned = (seen >= kind.least_seen) & large
    unsure = np.concatenate([persons[~learned & (seen > 0)], clipped(doubtful, *way)[0]])
    persons = persons[learned]
    if kind.clutter and not len(persons):
        kind.clutter(scene, random)
    for _ in range(int(random.integers(1, 4)) if random.random() < 0.5 else 0):
        box = kind.paste(scene, random)
        if box is not None:
            hidden = covered(persons, box) > 0.7
            unsure = np.concatenate([unsure, persons[hidden]])
            persons = np.concatenate([persons[~hidden], box[None]])
    if random.random() < 0.5:
        mirror = lambda b: np.stack([WIDTH - b[:, 2], b[:, 1], WIDTH - b[:, 0], b[:, 3]], 1)
        scene, persons, unsure = scene[:, ::-1], mirror(persons), mirror(unsure)
    scene = mess(scene, random).astype(np.uint8)
    planes = cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY)[None] if kind.grey else scene[:, :, ::-1].transpose(2, 0, 1)
    return planes, persons, unsure


class Scenes(Dataset):
    """Scenes of one epoch; each has its own seed, so that a training that was interrupted goes on with the same ones."""

    def __init__(self, pictures, kind, count, seed):
        self.pictures, self.kind, self.count, self.seed = pictures, kind, count, seed
        self.aim = Targets(WIDTH, HEIGHT, kind.sizes)
        weights = np.array([p.weight for p in pictures])
        self.chances = weights / weights.sum()

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        random = np.random.default_rng((*self.seed, index))
        scene, persons, unsure = make_scene(self.pictures, self.chances, self.kind, random)
        return (np.ascontiguousarray(scene), *self.aim(persons, unsure))
