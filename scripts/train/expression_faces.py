"""FER+ faces with their votes, and the mess in which a camera and a face detector would hand them over."""
import csv

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from expression_net import CLASSES, SIDE
from set_aside import share

# Tiles across a sheet, and on one.
ACROSS, A_SHEET = 64, 4096


def read_faces(folder, part):
    """Tiles (N × 1 × 48 × 48, 0..255), soft votes (N × 8, each row sums to 1) and names of the faces that are kept."""
    names = (folder / f"{part}_names.txt").read_text().split()
    with (folder / f"{part}_label.csv").open() as rows:
        votes_of = {row[0]: np.array(row[2:12], np.float32) for row in csv.reader(rows)}
    tiles, votes, kept, sheet = [], [], [], None
    for number, name in enumerate(names):
        if number % A_SHEET == 0:
            sheet = cv2.imread(str(folder / f"{part}_{number // A_SHEET:02}.webp"), cv2.IMREAD_GRAYSCALE)
        given = votes_of[name].copy()
        # Barsoum et al. 2016, arXiv:1608.01041: a vote that nobody shares is an outlier.
        given[given <= 1] = 0
        shown = given[: len(CLASSES)]
        # Half of what is left must be for an expression: else it is unknown or no face.
        if given.argmax() >= len(CLASSES) or shown.sum() < 0.5 * given.sum() or given.sum() == 0:
            continue
        row, column = divmod(number % A_SHEET, ACROSS)
        tiles.append(sheet[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE])
        votes.append(shown / shown.sum())
        kept.append(name)
    return torch.from_numpy(np.stack(tiles))[:, None], torch.from_numpy(np.stack(votes)), kept


def parted(tiles, votes, names, watched=0.1):
    """What is learned from, and a tenth, fixed by the names, from which curve and temperature are made."""
    mine = torch.tensor([share(name) >= watched for name in names])
    return (tiles[mine], votes[mine]), (tiles[~mine], votes[~mine])


def messed(tiles, random):
    """Turned, shifted and scaled as a detector's box may be; light, blur, noise, and a hand before the face."""
    count = len(tiles)
    tiles = tiles.float()
    draw = lambda low, high, *shape: torch.empty(count, *shape).uniform_(low, high, generator=random)
    turn, scale = torch.randn(count, generator=random) * 0.13, draw(0.83, 1.2)
    mirror = torch.where(draw(0, 1) < 0.5, 1.0, -1.0)
    way = torch.zeros(count, 2, 3)
    way[:, 0, 0], way[:, 0, 1] = torch.cos(turn) * scale * mirror, -torch.sin(turn) * scale
    way[:, 1, 0], way[:, 1, 1] = torch.sin(turn) * scale * mirror, torch.cos(turn) * scale
    way[:, :, 2] = draw(-0.12, 0.12, 2)
    grid = F.affine_grid(way, tiles.shape, align_corners=False)
    tiles = F.grid_sample(tiles, grid, align_corners=False, padding_mode="border")
    tiles = (tiles - 128) * draw(0.5, 1.4, 1, 1, 1) + 128 + draw(-45, 45, 1, 1, 1)
    # Far away: a third of a batch together, because it is resized together.
    small = int(torch.randint(14, 40, (1,), generator=random))
    third = count // 3
    shrunk = F.interpolate(tiles[:third], size=(small, small), mode="area")
    tiles[:third] = F.interpolate(shrunk, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    tiles = tiles + torch.randn(tiles.shape, generator=random) * draw(0, 8, 1, 1, 1)
    for face in torch.nonzero(draw(0, 1) < 0.25).flatten():
        top, left, height, width = torch.randint(0, 18, (4,), generator=random) + torch.tensor([0, 0, 8, 8])
        top, left = int(top) * 2, int(left) * 2
        tiles[face, :, top : top + int(height), left : left + int(width)] = 128
    return tiles.clamp(0, 255)
