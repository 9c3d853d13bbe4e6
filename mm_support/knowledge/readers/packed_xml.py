"""XML as foreign programs write it, and the parts of a zip that hold it: within bounds, without
entities and without the network. Knows no format.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

MAX_PART = 100 * 2**20  # bytes of a part, unpacked


def xml_tree(data: bytes, recover: bool = False) -> Any:
    """The root of an XML text. recover: also where it is not well-formed. Raises ValueError where
    it is no XML."""
    from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=recover, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as exc:
        raise ValueError(f"it is no XML ({exc})") from exc
    if root is None:
        raise ValueError("it is no XML")
    return root


class Parts:
    """The parts of a document that is a zip. Raises zipfile.BadZipFile where it is none."""

    def __init__(self, data: bytes) -> None:
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        self.names = frozenset(self._zip.namelist())

    def read(self, name: str) -> bytes:
        """A part. Raises KeyError where there is none, ValueError where it is too large."""
        if self._zip.getinfo(name).file_size > MAX_PART:
            raise ValueError(f"{name} in it is larger than {MAX_PART // 2**20} MB")
        return self._zip.read(name)


def local(element: Any) -> str:
    """The name of an element without its namespace; "" of comments and entities."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Any, name: str) -> str:
    """The value of an attribute by its name without the namespace, or ""."""
    found = (own for key, own in element.attrib.items() if key.rpartition("}")[2] == name)
    return next(found, "")
