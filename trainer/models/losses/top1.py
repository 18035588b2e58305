"""TOP1 and its variants: they rank the positive above the negatives and pull the negatives towards 0."""

from keras import ops

from trainer.models.losses.one_positive import OnePositiveLoss, log_shares, mean


class TOP1(OnePositiveLoss):
    """The TOP1 loss: the mean over negatives of σ(negative - positive) + σ(negative²).

    Hidasi, Karatzoglou, Baltrunas and Tikk, "Session-based recommendations with recurrent neural
    networks" (2016): an approximation of the positive's relative rank, and a regularization.

    Examples:
        >>> float(TOP1()([[1, 0, 0]], [[0.0, 0.0, 0.0]]))  # σ(0) twice
        1.0
    """

    def cost(self, positive, negatives, there):
        return mean(costs(positive, negatives), there)


class TOP1V2(OnePositiveLoss):
    """TOP1 minus σ(positive²) / the number of negatives, as GRU4Rec's own code computes it.

    With the batch's items as candidates the squared score of the positive is regularized too; this term
    takes it out again.

    Examples:
        >>> float(TOP1V2()([[1, 0, 0]], [[0.0, 0.0, 0.0]]))  # 1 less σ(0) / 2
        0.75
    """

    def cost(self, positive, negatives, there):
        count = ops.sum(there, axis=-1)
        own = ops.squeeze(ops.sigmoid(ops.square(positive)), axis=-1)
        return ops.where(
            count > 0, mean(costs(positive, negatives), there) - own / ops.maximum(count, 1), 0.0
        )


class TOP1Max(OnePositiveLoss):
    """The TOP1-max loss: Σ sⱼ (σ(negativeⱼ - positive) + σ(negativeⱼ²)), with s the softmax over negatives.

    Hidasi and Karatzoglou, "Recurrent neural networks with top-k gains for session-based
    recommendations" (2018), equation 6.

    Examples:
        >>> float(TOP1Max()([[1, 0, 0]], [[0.0, 0.0, 0.0]]))  # each negative has a half of σ(0) twice
        1.0
    """

    def cost(self, positive, negatives, there):
        return ops.sum(ops.exp(log_shares(negatives, there)) * there * costs(positive, negatives), axis=-1)


def costs(positive, negatives):
    """Returns the TOP1 cost of each negative, [B, C]."""
    return ops.sigmoid(negatives - positive) + ops.sigmoid(ops.square(negatives))
