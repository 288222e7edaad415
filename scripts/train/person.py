"""Trains the person net: one command, goes on where it stopped, and leaves model.onnx and curve.csv in its folder."""
from functools import partial

from cut_outs import pasted, read_cut_outs
from detector_training import arguments, train
from person_pictures import read_pictures
from scenes import Kind

SIZES = {8: (0, 52), 16: (40, 120), 32: (95, 1e9)}


def main():
    given = arguments(__doc__)
    paste = partial(pasted, read_cut_outs(given.data))
    people = Kind(heights=(24, 380), least_seen=0.25, least_px=12, sizes=SIZES, paste=paste, grey=False)
    train(given, *read_pictures(given.data, given.teacher, given.frames), people)


if __name__ == "__main__":
    main()
