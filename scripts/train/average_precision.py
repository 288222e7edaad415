"""Average precision of a detector on a few pictures, for the training's curve; the published figures are `npm run accuracy`'s."""
import cv2
import numpy as np
import torch
from pictures import overlaps


def letterboxed(pixels, width, height, grey):
    """The picture, planes first, in the middle of the input with its aspect kept, 128 around it; and its scale and place."""
    scale = min(width / pixels.shape[1], height / pixels.shape[0])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    scene = np.full((height, width, 3), 128, np.uint8)
    scene[top : top + size[1], left : left + size[0]] = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    planes = cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY)[None] if grey else scene[:, :, ::-1].transpose(2, 0, 1)
    return planes.astype(np.float32), scale, left, top


def suppressed(rows, iou):
    """Boxes without those that overlap a better one; rows are [x1, y1, x2, y2, score]."""
    rows, kept = rows[np.argsort(-rows[:, 4])], []
    while len(rows):
        kept.append(rows[0])
        rows = rows[1:][overlaps(rows[0, :4], rows[1:, :4]) < iou]
    return np.array(kept).reshape(-1, 5)


@torch.no_grad()
def average_precision(model, pictures, width, height, grey, nms_iou=0.5, least_score=0.02):
    """Area below precision over recall at IoU 0.5, each detection given to the best box that is still free."""
    told, drawn = [], 0
    for picture in pictures:
        scene, scale, left, top = letterboxed(picture.pixels, width, height, grey)
        rows = model(torch.from_numpy(scene.copy())[None])[0].numpy()
        rows = suppressed(rows[rows[:, 4] > least_score], nms_iou)
        truth = picture.persons * scale + np.float32([left, top, left, top])
        free = np.ones(len(truth), bool)
        drawn += len(truth)
        for row in rows:
            overlap = overlaps(row[:4], truth) * free if len(truth) else np.zeros(1)
            hit = overlap.max() >= 0.5
            if hit:
                free[overlap.argmax()] = False
            told.append((row[4], hit))
    told.sort(key=lambda each: -each[0])
    hits = np.cumsum([hit for _, hit in told])
    precision = np.maximum.accumulate((hits / (np.arange(len(hits)) + 1))[::-1])[::-1]
    return float((precision * [hit for _, hit in told]).sum() / max(1, drawn))
