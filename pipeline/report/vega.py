"""Vega, Vega-Lite and their embedding as one script, which a page carries instead of fetching it."""

from pathlib import Path

from marquee.whole_file import write_whole

_SNIPPET = "window.vegaEmbed = vegaEmbed;"


def vega_script(cache: Path) -> str:
    """The JavaScript, some 900 KB, that defines `vegaEmbed`.

    Args:
        cache: a folder; bundling takes seconds, so what was bundled is kept there.
    """
    import altair
    import vl_convert

    version = ".".join(altair.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    converter = vl_convert.__version__  # type: ignore[attr-defined]  # which its stub leaves out
    file = cache / "vega" / f"{converter}-vega-lite-{version}.js"
    if not file.exists():
        bundled = vl_convert.javascript_bundle(_SNIPPET, vl_version=version)
        write_whole(file, bundled.replace("</script", "<\\/script"))
    return file.read_text(encoding="utf-8")
