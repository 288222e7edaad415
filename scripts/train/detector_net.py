"""The detector: a small residual net with three levels, one box per cell and no anchors; and how it is exported."""
import torch
import torch.nn as nn
from layers import Residual, conv

STRIDES = (8, 16, 32)
# Boxes are told as exp(output) × stride; beyond this they would be larger than any picture.
MOST_EXPONENT = 4


class Detector(nn.Module):
    """
    N × planes × height × width, values 0..255, to three maps of 5 planes: a logit that somebody's middle is here, then
    the logarithms of the ways to the left, upper, right and lower edge in strides (FCOS, arXiv:1904.01355).
    """

    def __init__(self, planes, widths=(8, 16, 32, 48, 64)):
        super().__init__()
        a, b, c, d, e = widths
        self.fine = nn.Sequential(
            conv(planes, a, 3, 2), conv(a, b, 3, 2), Residual(b, b), conv(b, c, 3, 2), Residual(c, c), Residual(c, c)
        )
        self.middle = nn.Sequential(conv(c, d, 3, 2), Residual(d, d), Residual(d, d))
        self.coarse = nn.Sequential(conv(d, e, 3, 2), Residual(e, e))
        self.lateral = nn.ModuleList([conv(i, c, 1) for i in (c, d, e)])
        self.mix = nn.ModuleList([conv(c, c) for _ in STRIDES])
        self.heads = nn.ModuleList([nn.Conv2d(c, 5, 1) for _ in STRIDES])
        for head in self.heads:
            nn.init.normal_(head.weight, 0, 0.01)
            # Nearly every cell is empty: a start at 1 % keeps the first steps from being spent on saying so.
            nn.init.constant_(head.bias[:1], -4.6)
            nn.init.constant_(head.bias[1:], 0.7)

    def forward(self, pictures):
        fine = self.fine((pictures - 128.0) / 64.0)
        middle = self.middle(fine)
        levels = [way(x) for way, x in zip(self.lateral, (fine, middle, self.coarse(middle)))]
        for below in (1, 0):
            size = levels[below].shape[2:]
            levels[below] = levels[below] + nn.functional.interpolate(levels[below + 1], size=size, mode="nearest")
        return [head(mix(x)) for head, mix, x in zip(self.heads, self.mix, levels)]


def flat(maps):
    """The three maps as one N × cells × 5, finest level first."""
    return torch.cat([level.flatten(2) for level in maps], 2).transpose(1, 2)


def cells(height, width):
    """For every cell of the three maps, in the order of `flat`: its middle (pixels), and its stride."""
    middles, strides = [], []
    for stride in STRIDES:
        rows, columns = -(-height // stride), -(-width // stride)
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        middles.append(torch.stack([(x.reshape(-1) + 0.5) * stride, (y.reshape(-1) + 0.5) * stride], 1))
        strides.append(torch.full((rows * columns, 1), float(stride)))
    return torch.cat(middles), torch.cat(strides)


class Boxes(nn.Module):
    """The detector as it is shipped: N × cells × [x1, y1, x2, y2, score] in pixels, the decoder `boxes5` of the agent."""

    def __init__(self, net, height, width):
        super().__init__()
        self.net = net
        middles, strides = cells(height, width)
        self.register_buffer("middles", middles)
        self.register_buffer("strides", strides)

    def forward(self, pictures):
        out = flat(self.net(pictures))
        ways = out[..., 1:].clamp(-MOST_EXPONENT, MOST_EXPONENT).exp() * self.strides
        corners = [self.middles - ways[..., :2], self.middles + ways[..., 2:]]
        return torch.cat([*corners, out[..., :1].sigmoid()], 2)
