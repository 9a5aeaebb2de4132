"""Media types: what a ``Content-Type`` says (RFC 9110, section 8.3), and what kind of content that is."""

from __future__ import annotations

from functools import lru_cache

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART_FORM = "multipart/form-data"
EVENT_STREAM = "text/event-stream"
#: Of lines that are a JSON value each.
JSON_LINES = frozenset({"application/x-ndjson", "application/jsonl"})

# Texts whose type does not say so by `text/` or `+xml`.
_TEXTS = JSON_LINES | {
    "application/javascript",
    "application/x-javascript",
    "application/xml",
    FORM,
    "application/x-yaml",
    "application/yaml",
    "application/toml",
    "application/sql",
    "application/graphql",
    "image/svg",
}


def media_type_of(content_type: str | None) -> str:
    """``text/html`` of ``Text/HTML; charset=utf-8``; empty when there is none."""
    return (content_type or "").partition(";")[0].strip().lower()


@lru_cache(maxsize=256)
def charset_of(content_type: str | None) -> str:
    """The charset parameter of a content type; ``utf-8`` when there is none."""
    for part in (content_type or "").split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"') or "utf-8"
    return "utf-8"


def is_json(media_type: str) -> bool:
    """Whether it is JSON: by name, or by the suffix of RFC 6839 (``application/problem+json``)."""
    return media_type.endswith(("/json", "+json"))


def is_html(media_type: str) -> bool:
    """Whether it is a page, written as HTML or as XML."""
    return media_type in {"text/html", "application/xhtml+xml"}


def is_text(media_type: str) -> bool:
    """Whether its bytes are text that people read, JSON and pages included."""
    return media_type.startswith("text/") or media_type.endswith("+xml") or media_type in _TEXTS or is_json(media_type)


def is_multipart(media_type: str) -> bool:
    """Whether it has parts, as a form with files does."""
    return media_type.startswith("multipart/")
