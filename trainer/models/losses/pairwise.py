"""Losses of the difference between the positive's score and each negative's."""

from keras import ops

from trainer.models.losses.one_positive import OnePositiveLoss, log_shares, mean


class BPR(OnePositiveLoss):
    """Bayesian personalized ranking: the mean over negatives of -log σ(positive - negative).

    Rendle, Freudenthaler, Gantner and Schmidt-Thieme, "BPR: Bayesian personalized ranking from implicit
    feedback" (2009). It equals log(1 + exp(negative - positive)), the pairwise logistic loss (keras-rs's
    `PairwiseLogisticLoss`).

    Examples:
        >>> round(float(BPR()([[1, 0, 0]], [[0.0, 0.0, 0.0]])), 4)  # log 2
        0.6931
    """

    def cost(self, positive, negatives, there):
        return mean(ops.softplus(negatives - positive), there)


class BPRMax(OnePositiveLoss):
    """The loss -log Σ sⱼ σ(positive - negativeⱼ) + regularization · Σ sⱼ negativeⱼ².

    s is the softmax over the negatives. Hidasi and Karatzoglou, "Recurrent neural networks with top-k gains
    for session-based recommendations" (2018), equation 8: the gradient goes to the hardest negatives, and
    does not vanish as their number grows.

    Args:
        regularization: the weight of the negatives' squared scores; the paper tunes it between 0 and 2.

    Examples:
        >>> round(float(BPRMax()([[1, 0, 0]], [[1.0, 1.0, 1.0]])), 4)  # log 2, and the negatives' square
        1.6931
    """

    def __init__(self, regularization: float = 1.0, name: str = "bpr_max", **kwargs):
        super().__init__(name=name, **kwargs)
        self.regularization = regularization

    def cost(self, positive, negatives, there):
        shares = log_shares(negatives, there)
        won = -ops.logsumexp(shares + ops.log_sigmoid(positive - negatives), axis=-1)
        squares = ops.sum(ops.exp(shares) * there * ops.square(negatives), axis=-1)
        any_there = ops.cast(ops.any(there > 0, axis=-1), "float32")
        return any_there * (won + self.regularization * squares)

    def get_config(self):
        return {**super().get_config(), "regularization": self.regularization}


class Hinge(OnePositiveLoss):
    """The hinge loss: the mean over negatives of max(0, margin + negative - positive).

    Herbrich, Graepel and Obermayer, "Large margin rank boundaries for ordinal regression" (2000).

    Args:
        margin: the lead over a negative from which on the positive costs nothing.

    Examples:
        >>> float(Hinge()([[1, 0, 0]], [[2.0, 1.5, 0.0]]))  # (0.5 + 0) / 2
        0.25
    """

    def __init__(self, margin: float = 1.0, name: str = "hinge", **kwargs):
        super().__init__(name=name, **kwargs)
        self.margin = margin

    def cost(self, positive, negatives, there):
        return mean(ops.relu(self.margin + negatives - positive), there)

    def get_config(self):
        return {**super().get_config(), "margin": self.margin}
