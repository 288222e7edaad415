"""What a training begins with and keeps between its epochs: weights, the averaged net, a checkpoint, the curve."""
import argparse
import copy
import csv
import os
from pathlib import Path

import torch


def options(what, epochs):
    """A parser of what every training is told; `what` is said by --help."""
    parse = argparse.ArgumentParser(description=what)
    parse.add_argument("--data", type=Path, required=True, help="folder that holds train/")
    parse.add_argument("--out", type=Path, required=True, help="folder for the checkpoint, the curve and the model")
    parse.add_argument("--start", type=Path, help="weights to begin with: a state dict of the same shapes, in order")
    parse.add_argument("--epochs", type=int, default=epochs, help="may be another one when a training goes on")
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--device", default="cpu")
    return parse


def begin(net, file):
    """Weights of a file by their order, not by their names: those of the drafts were named otherwise."""
    mine, theirs = net.state_dict(), torch.load(file, map_location="cpu")
    if [v.shape for v in mine.values()] != [v.shape for v in theirs.values()]:
        raise SystemExit(f"{file} holds a net of another shape")
    net.load_state_dict(dict(zip(mine, theirs.values())))


class Average:
    """The running mean of a net's weights, which is what is shipped: it wavers less than the net does."""

    def __init__(self, net, decay=0.998):
        self.net, self.decay, self.steps = copy.deepcopy(net).eval(), decay, 0

    @torch.no_grad()
    def follow(self, net):
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for mine, theirs in zip(self.net.state_dict().values(), net.state_dict().values()):
            if mine.dtype.is_floating_point:
                mine.mul_(decay).add_(theirs, alpha=1 - decay)
            else:
                mine.copy_(theirs)


def rate_at(done, warm_up=0.03, falling=0.4):
    """Share of the highest learning rate after a share of all steps: rises, stays, and falls to a hundredth."""
    if done < warm_up:
        return max(0.01, done / warm_up)
    return 1.0 if done < 1 - falling else max(0.01, (1 - done) / falling)


def save(file, **what):
    """Whole or not at all: a training that is killed while it writes goes on from the checkpoint before."""
    torch.save(what, f"{file}.part")
    os.replace(f"{file}.part", file)


def keep(file, net, average, optimiser, epoch):
    """All that the next epoch begins with."""
    save(file, net=net.state_dict(), average=average.net.state_dict(), optimiser=optimiser.state_dict(),
         steps=average.steps, epoch=epoch)  # fmt: skip


def resume(file, net, average, optimiser, device):
    """Puts back what `keep` wrote, where there is any, and returns the epoch to go on with."""
    if not file.exists():
        return 0
    kept = torch.load(file, map_location=device)
    net.load_state_dict(kept["net"])
    average.net.load_state_dict(kept["average"])
    optimiser.load_state_dict(kept["optimiser"])
    average.steps = kept["steps"]
    return kept["epoch"]


def add_to_curve(file, row):
    """One line an epoch; the first writes the heads."""
    fresh = not file.exists()
    with file.open("a", newline="") as out:
        writer = csv.DictWriter(out, row, lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerow(row)
