"""What every cell of the detector's maps should have said about a scene."""
import numpy as np
from detector_net import STRIDES, cells

UNSURE = -1


class Targets:
    """
    For boxes in pixels: cells × class (1 somebody's middle, 0 nobody's, -1 unsure), and cells × ways to the edges.

    `sizes`: stride of a level → least and most longer side that it answers for; where two levels overlap, both do.
    """

    def __init__(self, width, height, sizes):
        self.sizes = sizes
        middles, strides = (each.numpy() for each in cells(height, width))
        self.levels = [(middles[strides[:, 0] == s, 0], middles[strides[:, 0] == s, 1], s) for s in STRIDES]

    def __call__(self, persons, unsure):
        parts = [self.level(x, y, stride, persons, unsure) for x, y, stride in self.levels]
        return np.concatenate([c for c, _ in parts]), np.concatenate([w for _, w in parts])

    def level(self, x, y, stride, persons, unsure):
        classes, ways = np.zeros(len(x), np.float32), np.zeros((len(x), 4), np.float32)
        smallest = np.full(len(x), np.inf)
        low, high = self.sizes[stride]
        for x1, y1, x2, y2 in unsure:
            classes[(x > x1) & (x < x2) & (y > y1) & (y < y2)] = UNSURE
        for x1, y1, x2, y2 in persons:
            width, height = x2 - x1, y2 - y1
            across, down = np.abs(x - (x1 + x2) / 2), np.abs(y - (y1 + y2) / 2)
            near = (across < max(stride * 0.75, width * 0.2)) & (down < max(stride * 0.75, height * 0.2))
            if not low <= max(width, height) < high:
                classes[near & (classes < 1)] = UNSURE
                continue
            around = (across < width * 0.32) & (down < height * 0.32) & ~near
            classes[around & (classes < 1)] = UNSURE
            # Of two people in one cell the smaller one is learned: the larger has cells enough.
            mine = near & (width * height < smallest)
            classes[mine], smallest[mine] = 1, width * height
            ways[mine] = np.stack([x - x1, y - y1, x2 - x, y2 - y], 1)[mine]
        return classes, ways
