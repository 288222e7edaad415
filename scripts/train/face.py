"""Trains the face net: one command, goes on where it stopped, and leaves model.onnx and curve.csv in its folder."""
from functools import partial

from detector_training import arguments, train
from expression_faces import read_faces
from face_pictures import read_pictures
from pasted_faces import pasted, things
from scenes import Kind

SIZES = {8: (0, 34), 16: (26, 90), 32: (70, 1e9)}


def main():
    given = arguments(__doc__)
    tiles = read_faces(given.data / "train/ferplus", "train")[0][:, 0].numpy()
    paste = partial(pasted, tiles)
    faces = Kind(
        heights=(11, 160), least_seen=0.5, least_px=9, sizes=SIZES, paste=paste, grey=True, clutter=things
    )  # fmt: skip
    train(given, *read_pictures(given.data, given.teacher, given.frames), faces)


if __name__ == "__main__":
    main()
