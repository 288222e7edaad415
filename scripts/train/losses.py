"""What the detector is taught by: focal loss for whether somebody is there, generalised IoU for where the edges are."""
import torch
import torch.nn.functional as F
from detector_net import MOST_EXPONENT


def focal(logits, wanted):
    """Lin et al. 2017, arXiv:1708.02002: cells that are easily told weigh little. gamma 2, alpha 0.6."""
    plain = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    right = torch.where(wanted > 0.5, logits.sigmoid(), 1 - logits.sigmoid())
    return plain * (1 - right) ** 2 * torch.where(wanted > 0.5, 0.6, 0.4)


def generalised_iou(ways, wanted):
    """Rezatofighi et al. 2019, arXiv:1902.09630, of boxes that share a middle cell: ways left, up, right, down."""
    area = lambda w: (w[:, 0] + w[:, 2]) * (w[:, 1] + w[:, 3])
    inner = area(torch.min(ways, wanted))
    union = area(ways) + area(wanted) - inner
    outer = area(torch.max(ways, wanted))
    return inner / union - (outer - union) / outer


def detection_loss(out, strides, classes, wanted):
    """`out`: N × cells × 5 as the net says it; `classes` and `wanted` as `Targets` gives them."""
    somebody = classes == 1
    told = focal(out[..., 0], somebody.float())[classes >= 0].sum() / max(1, int(somebody.sum()))
    ways = (out[..., 1:].clamp(-MOST_EXPONENT, MOST_EXPONENT).exp() * strides)[somebody]
    if not somebody.any():
        return 2 * told
    # An edge may lie a little on the wrong side of the cell's middle: a way is never below a tenth of a pixel.
    return 2 * told + (1 - generalised_iou(ways, wanted[somebody].clamp(min=0.1))).mean()
