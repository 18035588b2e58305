"""Fingerprints of code, passed as parameters so that TFX's cache notices an edit.

TFX keys its cache on inputs, parameters and the executor's class path; the code behind a dotted path is
not part of it, so an edited model would silently reuse the old one.
"""

import functools
import hashlib
import importlib.util
from pathlib import Path


@functools.cache
def code_fingerprint(*modules: str) -> str:
    """SHA-256 (16 hex digits) over the sources of the named modules and packages, in a fixed order."""
    digest = hashlib.sha256()
    for name in modules:
        module = importlib.util.find_spec(name)
        if module.submodule_search_locations:
            root = Path(next(iter(module.submodule_search_locations)))
            files = sorted(root.rglob("*.py"))
        else:
            root, files = Path(module.origin).parent, [Path(module.origin)]
        for file in files:
            digest.update(f"{name}/{file.relative_to(root)}\0".encode())
            digest.update(file.read_bytes())
            digest.update(b"\0")
    return digest.hexdigest()[:16]


def content_fingerprint(text: str) -> str:
    """SHA-256 (16 hex digits) of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
