"""Bundle of Vega, Vega-Lite and vega-embed as one script that a page contains instead of fetching it."""

from pathlib import Path

from marquee.whole_file import write_whole

_SNIPPET = "window.vegaEmbed = vegaEmbed;"


def vega_script(cache: Path) -> str:
    """Returns the JavaScript, some 900 KB, that defines `vegaEmbed`.

    Args:
        cache: folder that keeps the bundle, because bundling takes seconds.
    """
    import altair
    import vl_convert

    version = ".".join(altair.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    converter = vl_convert.__version__  # type: ignore[attr-defined]  # its stub lacks it
    file = cache / "vega" / f"{converter}-vega-lite-{version}.js"
    if not file.exists():
        bundled = vl_convert.javascript_bundle(_SNIPPET, vl_version=version)
        write_whole(file, bundled.replace("</script", "<\\/script"))
    return file.read_text(encoding="utf-8")
