"""PNGs that a README may carry."""

import io

from PIL import Image

from marquee.errors import MarqueeError

LIMIT = 200 * 1024


def small_enough(png: bytes) -> bytes:
    """The same picture with a palette, in less than 200 KiB: as many colours, and as large, as fit.

    Raises:
        MarqueeError: it does not become small enough.
    """
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    for scale in (1.0, 0.75, 0.5):
        size = (round(picture.width * scale), round(picture.height * scale))
        scaled = picture if scale == 1 else picture.resize(size, Image.Resampling.LANCZOS)
        for colours in (256, 128, 64):
            found = io.BytesIO()
            scaled.quantize(colours, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
                found, "PNG", optimize=True
            )
            if found.tell() < LIMIT:
                return found.getvalue()
    raise MarqueeError(f"a picture of {picture.width} × {picture.height} does not fit {LIMIT // 1024} KiB")
