"""Trains the expression net: one command, goes on where it stopped, leaves model.onnx, curve.csv and the temperature."""
import time

import torch
import torch.nn.functional as F
from expression_faces import messed, parted, read_faces
from expression_net import SIDE, BothWays, Expressions
from progress import Average, add_to_curve, begin, keep, options, rate_at, resume

BATCH, HIGHEST_RATE, SMOOTHING = 128, 4e-3, 0.05


def chances(votes):
    """Rare expressions are drawn more often, by the root of how rare they are; none more than eight times as often."""
    classes = votes.argmax(1)
    weights = 1 / torch.bincount(classes, minlength=votes.shape[1]).clamp(min=1).sqrt()
    drawn = weights[classes]
    return (drawn / drawn.mean()).clamp(0.5, 4)


def learn(net, average, optimiser, tiles, votes, epoch, given):
    """One epoch over as many faces as there are, drawn with replacement; returns its mean loss."""
    net.train()
    random = torch.Generator().manual_seed(given.seed * 1000 + epoch)
    order = torch.multinomial(chances(votes), len(tiles), replacement=True, generator=random)
    batches = [part for part in order.split(BATCH) if len(part) == BATCH]
    total = 0.0
    for number, part in enumerate(batches):
        for group in optimiser.param_groups:
            group["lr"] = HIGHEST_RATE * rate_at((epoch + number / len(batches)) / given.epochs, warm_up=0.1, falling=0.6)
        wanted = votes[part] * (1 - SMOOTHING) + SMOOTHING / votes.shape[1]
        faces = messed(tiles[part], random).to(given.device, memory_format=torch.channels_last)
        told = net(faces).to("cpu")
        loss = -(wanted * F.log_softmax(told, 1)).sum(1).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        average.follow(net)
        total += loss.item()
    return total / len(batches)


@torch.no_grad()
def logits(net, tiles, device):
    both = BothWays(net.eval())
    return torch.cat([both.logits(part.float().to(device)).to("cpu") for part in tiles.split(512)])


def temperature(told, votes):
    """The temperature of the least log loss against the most voted class; it is the manifest's calibration."""
    classes = votes.argmax(1)
    candidates = torch.arange(0.4, 1.6, 0.005)
    return float(candidates[torch.stack([F.cross_entropy(told / t, classes) for t in candidates]).argmin()])


def main():
    given = options(__doc__, epochs=40).parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(given.seed)
    (tiles, votes), watched = parted(*read_faces(given.data / "train/ferplus", "train"))
    print(f"{len(tiles)} faces to learn from, {len(watched[0])} to watch", flush=True)
    net = Expressions()
    if given.start:
        begin(net, given.start)
    net.to(given.device, memory_format=torch.channels_last)
    average = Average(net)
    optimiser = torch.optim.AdamW(net.parameters(), HIGHEST_RATE, weight_decay=2e-2)
    checkpoint = given.out / "checkpoint.pt"
    first = resume(checkpoint, net, average, optimiser, given.device)
    for epoch in range(first, given.epochs):
        began = time.monotonic()
        loss = learn(net, average, optimiser, tiles, votes, epoch, given)
        told = logits(average.net, watched[0], given.device)
        right = (told.argmax(1) == watched[1].argmax(1)).float().mean().item()
        row = {"epoch": epoch, "loss": f"{loss:.4f}", "watched_right": f"{right:.4f}",
               "seconds": round(time.monotonic() - began)}  # fmt: skip
        keep(checkpoint, net, average, optimiser, epoch + 1)
        add_to_curve(given.out / "curve.csv", row)
        print(row, flush=True)
    print(f"temperature {temperature(logits(average.net, watched[0], given.device), watched[1]):.3f}", flush=True)
    model = BothWays(average.net).to("cpu").eval()
    torch.onnx.export(model, torch.zeros(1, 1, SIDE, SIDE), given.out / "model.onnx", opset_version=13,
                      input_names=["face"], output_names=["prob"],
                      dynamic_axes={"face": {0: "n"}, "prob": {0: "n"}})  # fmt: skip


if __name__ == "__main__":
    main()
