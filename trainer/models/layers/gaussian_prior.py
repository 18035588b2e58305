"""L2 regularization as a Gaussian prior over members' factors and biases."""

import keras


class GaussianPrior(keras.regularizers.Regularizer):
    """The penalty ½ · strength · Σ w² / rows of tables [..., d + 1] whose last column is a bias.

    Added to the mean loss over `rows` examples this is the prior of a maximum a posteriori estimate. Each
    weight is penalized once, however often its id occurs, so frequent ids are shrunk less than rare ones.

    Args:
        factors: regularization strength of the first d columns.
        bias: regularization strength of the last column.
        rows: the number of training examples.
    """

    def __init__(self, factors: float, bias: float, rows: int):
        self.factors, self.bias, self.rows = factors, bias, rows

    def __call__(self, weight):
        square = keras.ops.square(weight)
        factors, bias = keras.ops.sum(square[..., :-1]), keras.ops.sum(square[..., -1])
        return 0.5 / self.rows * (self.factors * factors + self.bias * bias)

    def get_config(self):
        return {"factors": self.factors, "bias": self.bias, "rows": self.rows}
