"""Tables of TFDV's schema and statistics."""

from pathlib import Path

from pipeline.store.short import short


def schema_rows(file: Path) -> tuple[list[str], list[list[str]]]:
    """Returns the columns and rows of a schema: the constraints on each feature."""
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    schema = text_format.Parse(file.read_text(encoding="utf-8"), schema_pb2.Schema())
    domains = {each.name: each.value for each in schema.string_domain}
    rows = []
    for feature in sorted(schema.feature, key=lambda each: each.name):
        rows.append(
            [
                feature.name,
                schema_pb2.FeatureType.Name(feature.type).lower(),
                _presence(feature),
                _values(feature),
                _domain(feature, domains),
            ]
        )
    return ["feature", "type", "presence", "values", "domain"], rows


def _presence(feature) -> str:
    if not feature.HasField("presence"):
        return "optional"
    fraction = feature.presence.min_fraction
    return "required" if fraction == 1 else f"in at least {fraction:.0%}" if fraction else "optional"


def _values(feature) -> str:
    count = feature.value_count
    if feature.HasField("shape") or (count.min == count.max == 1):
        return "one"
    return f"{count.min or 0} to {count.max or 'many'}"


def _domain(feature, domains) -> str:
    kind = feature.WhichOneof("domain_info")
    if kind == "domain":
        values = domains.get(feature.domain, [])
        return ", ".join(values[:12]) + (f" … {len(values)} in total" if len(values) > 12 else "")
    if kind in ("string_domain",):
        values = feature.string_domain.value
        return ", ".join(values[:12]) + (f" … {len(values)} in total" if len(values) > 12 else "")
    if kind in ("int_domain", "float_domain"):
        domain = getattr(feature, kind)
        low, high = (short(getattr(domain, end)) if domain.HasField(end) else "…" for end in ("min", "max"))
        return f"{low} to {high}"
    return ""


def statistics_rows(file: Path) -> tuple[list[str], list[list[str]], int]:
    """Returns the columns, one row per feature, and the number of examples."""
    from tensorflow_metadata.proto.v0 import statistics_pb2

    [data, *_] = statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read_bytes()).datasets
    rows = []
    for feature in sorted(data.features, key=_name):
        numeric = feature.HasField("num_stats")
        stats = feature.num_stats if numeric else feature.string_stats
        common = stats.common_stats
        whole = feature.type == statistics_pb2.FeatureNameStatistics.INT
        summary = (
            [
                f"{each:.0f}" if whole else short(float(each))
                for each in (stats.min, stats.median, stats.mean, stats.max)
            ]
            if numeric
            else [""] * 4
        )
        top = (
            ""
            if numeric
            else ", ".join(f"{each.value} ({each.frequency:,.0f})" for each in stats.top_values[:4])
        )
        rows.append(
            [
                _name(feature),
                statistics_pb2.FeatureNameStatistics.Type.Name(feature.type).lower(),
                f"{common.num_missing:,}",
                "" if numeric else f"{stats.unique:,}",
                *summary,
                top,
            ]
        )
    return (
        ["feature", "type", "missing", "unique", "min", "median", "mean", "max", "most frequent"],
        rows,
        data.num_examples,
    )


def _name(feature) -> str:
    return feature.name or ".".join(feature.path.step)
