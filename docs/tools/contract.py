"""The serving contract as Markdown, from the data that servers and clients are held to."""

from serving.contract import CONTRACT
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
