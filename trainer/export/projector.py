"""Export of the items' vectors to TensorBoard's embedding projector, which shows similar items."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from marquee.whole_file import write_whole
from trainer.data.catalogue import Catalogue
from trainer.data.description import Number
from trainer.models.retrieval.model import RetrievalModel

ITEMS = 10_000  # the most rated ones; the limit of the projector's t-SNE, and about that of a browser
WIDEST = 512  # wider vectors are skipped: those of `ease` are as wide as the catalogue
CONFIG, VECTORS, METADATA = "projector_config.pbtxt", "items.tsv", "items_metadata.tsv"


def write_projector(model: RetrievalModel, folder: Path) -> bool:
    """Writes the items' vectors, a metadata line per item, and the projector's configuration.

    A metadata line holds the title, the described features and the number of ratings. An item's bias, the
    last column of its vector, is left out: it measures popularity, not similarity.

    Args:
        model: the trained model.
        folder: the folder of a TensorBoard run: the projector looks only where events are.

    Returns:
        Whether the files were written; False if the vectors are too wide.
    """
    catalogue = model.catalogue
    ids = np.arange(
        1, min(catalogue.movies, ITEMS + 1), dtype=np.int32
    )  # ids are in descending order of popularity
    vectors = model.item_vectors(tf.constant(ids[:1]))
    if vectors.shape[1] - 1 > WIDEST:
        return False
    vectors = model.item_vectors(tf.constant(ids)).numpy()[:, :-1]
    shown = catalogue.description.select("item", "categories", "category", "number")
    features = [_texts(catalogue, key) for key in shown]
    rows = (
        (
            _line(catalogue.attributes.titles[film]),
            *(feature[film] for feature in features),
            catalogue.watchers.lengths[film],
        )
        for film in ids
    )
    write_whole(folder / VECTORS, "".join("\t".join(f"{x:.6g}" for x in row) + "\n" for row in vectors))
    header = ("title", *shown, "ratings")
    write_whole(folder / METADATA, "".join("\t".join(map(str, row)) + "\n" for row in (header, *rows)))
    write_whole(
        folder / CONFIG,
        f'embeddings {{\n  tensor_name: "items"\n  tensor_path: "{VECTORS}"\n'
        f'  tensor_shape: [{vectors.shape[0]}, {vectors.shape[1]}]\n  metadata_path: "{METADATA}"\n}}\n',
    )
    return True


def _texts(catalogue: Catalogue, key: str) -> list[str]:
    """Returns a feature of each film as text: words with | between, or a number; "" if there is none."""
    feature = catalogue.description.item_features[key]
    if isinstance(feature, Number):
        return ["" if np.isnan(value) else f"{value:.10g}" for value in catalogue.attributes.numbers(key)]
    words = (catalogue.attributes.text(key, film) for film in range(catalogue.movies))
    return [_line("|".join(sorted(each))) for each in words]


def _line(title: str) -> str:
    return " ".join(title.split())
