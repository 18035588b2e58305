"""The serving contract as Markdown, from the data that servers and clients are held to."""

from serving.contract import CONTRACT, for_people
from serving.names import Names
from serving.signature import TensorSpec


def contract() -> str:
    """A table a model: each signature's inputs and outputs, with types and shapes."""
    parts = []
    for model, signatures in CONTRACT.items():
        rows = [
            f"| `{name}` | {_tensors(signature.inputs)} | {_tensors(signature.outputs)} |"
            for name, signature in signatures.items()
        ]
        parts.append("\n".join([f"### {model}", "", "| signature | in | out |", "|---|---|---|", *rows]))
    return "\n\n".join(parts)


def contract_for_people() -> str:
    """A table of the signatures that models have where users have features, without the features' inputs."""
    rows = [
        f"| {model} | `{name}` | {_tensors(signature.inputs)} | {_tensors(signature.outputs)} |"
        for model, signatures in for_people(Names()).items()
        for name, signature in signatures.items()
    ]
    return "\n".join(["| model | signature | in, beside the features | out |", "|---|---|---|---|", *rows])


def _tensors(tensors: dict[str, TensorSpec]) -> str:
    return "<br>".join(
        f"`{name}` {spec.dtype} {_shape(spec.dtype, spec.shape)}" for name, spec in tensors.items()
    )


def _shape(dtype: str, shape: tuple[int, ...] | None) -> str:
    """The batch is B; another size that a request chooses is n. An open shape: a vector's or number's."""
    if shape is None:
        return "[B, d]" if dtype == "float" else "one, or [B]"
    return (
        f"[{', '.join('B' if not at else 'n' if size == -1 else str(size) for at, size in enumerate(shape))}]"
    )
