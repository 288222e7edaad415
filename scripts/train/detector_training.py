"""How a detector is trained, whatever it looks for: goes on where it stopped, leaves model.onnx and curve.csv."""
import time
from pathlib import Path

import cv2
import torch
from average_precision import average_precision
from detector_net import Boxes, Detector, cells, flat
from losses import detection_loss
from progress import Average, add_to_curve, begin, keep, options, rate_at, resume
from scenes import HEIGHT, WIDTH, Scenes
from torch.utils.data import DataLoader

BATCH, BATCHES_AN_EPOCH, HIGHEST_RATE = 32, 150, 2e-3


def arguments(what):
    parse = options(what, epochs=60)
    parse.add_argument("--teacher", type=Path, help="what `touchpoint vision detect --json` said of the pictures")
    parse.add_argument("--frames", type=Path, help="frames of clips, learned from the teacher's boxes")
    return parse.parse_args()


def learn(net, average, optimiser, scenes, strides, done, epochs, device):
    """One epoch; returns its mean loss."""
    net.train()
    total = 0.0
    for number, (pictures, classes, wanted) in enumerate(scenes):
        for group in optimiser.param_groups:
            group["lr"] = HIGHEST_RATE * rate_at((done + number / BATCHES_AN_EPOCH) / epochs)
        told = flat(net(pictures.to(device, torch.float32, memory_format=torch.channels_last)))
        loss = detection_loss(told, strides, classes.to(device), wanted.to(device))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        average.follow(net)
        total += loss.item()
    return total / BATCHES_AN_EPOCH


def train(given, learned, watched, kind):
    """`given` as `arguments` reads them; pictures to learn from, pictures for the curve, and what the scenes are like."""
    given.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(given.seed)
    cv2.setNumThreads(1)
    print(f"{len(learned)} pictures to learn from, {len(watched)} to watch", flush=True)
    net = Detector(planes=1 if kind.grey else 3)
    if given.start:
        begin(net, given.start)
    # Planes beside each other take 0.4 of the time here that planes one after the other take.
    net.to(given.device, memory_format=torch.channels_last)
    average = Average(net)
    optimiser = torch.optim.AdamW(net.parameters(), HIGHEST_RATE, weight_decay=1e-2)
    checkpoint = given.out / "checkpoint.pt"
    first = resume(checkpoint, net, average, optimiser, given.device)
    strides = cells(HEIGHT, WIDTH)[1].to(given.device)
    for epoch in range(first, given.epochs):
        began = time.monotonic()
        scenes = Scenes(learned, kind, BATCH * BATCHES_AN_EPOCH, (given.seed, epoch))
        batches = DataLoader(scenes, BATCH, num_workers=1, prefetch_factor=8)
        loss = learn(net, average, optimiser, batches, strides, epoch, given.epochs, given.device)
        model = Boxes(average.net, HEIGHT, WIDTH).to("cpu").eval()
        seen = average_precision(model, watched, WIDTH, HEIGHT, kind.grey)
        average.net.to(given.device)
        seconds = round(time.monotonic() - began)
        row = {"epoch": epoch, "loss": f"{loss:.4f}", "watched_ap50": f"{seen:.4f}", "seconds": seconds}
        keep(checkpoint, net, average, optimiser, epoch + 1)
        add_to_curve(given.out / "curve.csv", row)
        print(row, flush=True)
    export(average.net.to("cpu"), 1 if kind.grey else 3, given.out / "model.onnx")


def export(net, planes, file):
    """Opset 13 is the oldest that has all the net needs; onnxruntime on Arm has run it for years."""
    model = Boxes(net, HEIGHT, WIDTH).eval()
    picture = torch.zeros(1, planes, HEIGHT, WIDTH)
    torch.onnx.export(model, picture, file, opset_version=13, input_names=["image"], output_names=["boxes"])
