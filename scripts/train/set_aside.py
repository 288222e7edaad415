"""Which pictures no training may see: written down once in set-aside.json, which the accuracy table reads as well."""
import hashlib
import json
import sys
from pathlib import Path

LIST = Path(__file__).with_name("set-aside.json")
OPENLY = ("persons/coco_val2017_ccby", "persons/coco_val2017_ccby_more", "negatives/coco_val2017_noperson_ccby",
          "negatives/grocery_store_dataset", "negatives/shop_products_closeup")
OVERHEAD = "persons/overhead_furniture_shop"
# The overhead frames are one scene; its later half is set aside, so that no frame has a neighbour in training.
OVERHEAD_FROM_FRAME = 1110


def share(name):
    """Where a name falls in 0..1, the same for ever: the first four bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32


def choose(data):
    """The lists: a fifth of the openly licensed pictures, the later overhead frames, every fourth Penn-Fudan picture."""
    openly = data / "train/openly-licensed"
    lists = {}
    for folder in OPENLY:
        names = json.loads((openly / folder / "labels.json").read_text())
        lists[f"openly-licensed/{folder}"] = sorted(name for name in names if share(name) < 0.2)
    frames = json.loads((openly / OVERHEAD / "labels.json").read_text())
    number = lambda name: int(name.removeprefix("frame_").removesuffix(".jpg"))
    later = [name for name in frames if number(name) >= OVERHEAD_FROM_FRAME]
    lists[f"openly-licensed/{OVERHEAD}"] = sorted(later, key=number)
    names = sorted(path.name for path in (data / "train/pennfudan/PNGImages").iterdir())
    lists["pennfudan"] = names[::4]
    return lists


def set_aside():
    """Folder below train/ → names of pictures that stay unseen."""
    return {folder: set(names) for folder, names in json.loads(LIST.read_text()).items()}


if __name__ == "__main__":
    LIST.write_text(json.dumps(choose(Path(sys.argv[1])), indent=2) + "\n")
