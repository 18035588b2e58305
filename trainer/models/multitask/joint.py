"""TensorFlow Recommenders' joint model: `joint`.

https://www.tensorflow.org/recommenders/examples/multitask
"""

import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID, USER_ID, USER_RATING
from trainer.models.layers.dense_stack import dense_stack
from trainer.models.multitask.config import JointConfig
from trainer.models.ranking.field_model import FieldModel
from trainer.models.ranking.model import SAMPLE_WEIGHT
from trainer.models.tasks import Retrieval


class Joint(FieldModel):
    """A model of shared embeddings with two losses: the rating and an in-batch softmax over the films.

    A dense network predicts the rating. The loss is the weighted sum of the rating's loss and the in-batch
    softmax's. Unlike in the tutorial, a film that occurs twice in a batch is not a negative of itself. The
    embeddings of side features, if there are any, are added to the user's and to the film's vector.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> model = Joint(JointConfig(dim=4), catalogue)
        >>> users, films = model.vectors({"user_id": tf.constant([1, 2]), "movie_id": tf.constant([3, 1])})
        >>> tuple(users.shape), tuple(films.shape)
        ((2, 4), (2, 4))
    """

    blocks = ("deep",)

    def __init__(self, config: JointConfig, catalogue: Catalogue, **kwargs):
        super().__init__(config, catalogue, **kwargs)
        self._rating_weight, self._retrieval_weight = config.rating_weight, config.retrieval_weight
        self.deep = dense_stack(config.hidden, config.dropout, outputs=1, name="deep")
        self.retrieval = Retrieval(remove_accidental_hits=True, name="retrieval")

    def scores(self, features, training=False):
        return tf.cast(self.deep(self._concatenated(features), training=training), tf.float32)

    def compute_loss(self, inputs, training=False):
        weight = inputs.get(SAMPLE_WEIGHT)
        rating = self.rating_loss(self.scores(inputs, training), inputs[USER_RATING], weight)
        if not self._retrieval_weight:
            return self._rating_weight * rating
        users, movies = self.vectors(inputs)
        # The OOV row stands for all unknown films, so it is not a retrieval target.
        counts = tf.cast(inputs[MOVIE_ID] > 0, tf.float32) * (1.0 if weight is None else weight)
        if self.chance:  # nor is a sampled negative
            counts *= inputs[USER_RATING]
        retrieval = self.retrieval(users, movies, sample_weight=counts, candidate_ids=inputs[MOVIE_ID])
        return self._rating_weight * rating + self._retrieval_weight * retrieval

    def vectors(self, features):
        """Returns the users' and the films' vectors, float [B, dim] each."""
        found = self.fields(features)
        users = {USER_ID, *self.catalogue.description.user_features}
        of_user = [name for name in found if name in users]
        of_movie = [name for name in found if name not in of_user]
        return tf.add_n([found[name] for name in of_user]), tf.add_n([found[name] for name in of_movie])
