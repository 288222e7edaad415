"""
Makes an int8 model of one of ours: weights by output plane, activations by what pictures that training learned from give.
Needs `pip install onnxruntime` beside Debian's packages. Whether it pays is for `npm run accuracy` and `models bench` to say.
"""
import argparse
from pathlib import Path

import numpy as np
from average_precision import letterboxed
from expression_faces import parted, read_faces
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from scenes import HEIGHT, WIDTH

COUNT = 200


def arguments():
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("kind", choices=("person", "face", "expression"))
    parse.add_argument("--data", type=Path, required=True, help="folder that holds train/")
    parse.add_argument("--model", type=Path, required=True)
    parse.add_argument("--out", type=Path, required=True)
    return parse.parse_args()


def inputs(kind, data):
    """Inputs as the agent makes them, from pictures that are not set aside."""
    if kind == "expression":
        (tiles, _), _ = parted(*read_faces(data / "train/ferplus", "train"))
        return [tile[None].numpy().astype(np.float32) for tile in tiles[:: len(tiles) // COUNT]]
    if kind == "face":
        from face_pictures import read_pictures
    else:
        from person_pictures import read_pictures
    learned = [picture for picture in read_pictures(data, None, None)[0] if picture.weight >= 1 or kind == "person"]
    every = max(1, len(learned) // COUNT)
    return [letterboxed(picture.pixels, WIDTH, HEIGHT, kind == "face")[0][None] for picture in learned[::every]]


class Calibration(CalibrationDataReader):
    def __init__(self, name, pictures):
        self.left = iter({name: picture} for picture in pictures)

    def get_next(self):
        return next(self.left, None)


def main():
    given = arguments()
    plain = given.out.with_suffix(".plain.onnx")
    # Batch normalisation goes into the convolutions first: apart from them it would stay in float.
    quant_pre_process(str(given.model), str(plain), skip_symbolic_shape=True)
    name = "face" if given.kind == "expression" else "image"
    quantize_static(
        str(plain), str(given.out), Calibration(name, inputs(given.kind, given.data)), per_channel=True,
        op_types_to_quantize=["Conv", "Add", "Relu", "Resize"], activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax,
    )  # fmt: skip
    plain.unlink()


if __name__ == "__main__":
    main()
