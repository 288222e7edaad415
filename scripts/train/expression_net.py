"""The expression net: three residual stages over one grey tile; and how it is exported."""
import torch
import torch.nn as nn
from layers import Residual, conv

CLASSES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
SIDE = 48


class Expressions(nn.Module):
    """N × 1 × 48 × 48 grey, values 0..255, to logits of the eight classes in FER+'s order. 258 thousand parameters."""

    def __init__(self, widths=(16, 32, 64, 112), drop=0.2):
        super().__init__()
        self.stem = conv(1, widths[0])
        self.stages = nn.ModuleList([Residual(i, o, 2) for i, o in zip(widths, widths[1:])])
        self.drop = nn.Dropout(drop)
        self.classes = nn.Linear(widths[-1], len(CLASSES))

    def forward(self, tiles):
        x = self.stem((tiles - 128.0) / 64.0)
        for stage in self.stages:
            x = stage(x)
        return self.classes(self.drop(x.mean((2, 3))))


class BothWays(nn.Module):
    """The net as it is shipped: what it says of a face and of its mirror image, averaged before the softmax."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def logits(self, tiles):
        return (self.net(tiles) + self.net(torch.flip(tiles, [3]))) / 2

    def forward(self, tiles):
        return self.logits(tiles).softmax(1)
