"""What schemathesis does not know by itself: bodies of one JSON object a line, and pieces of files."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    """A list as lines; anything else, which malformed requests bring, as it is."""
    entries = value if isinstance(value, list) else [value]
    return "".join(json.dumps(entry) + "\n" for entry in entries).encode()


@schemathesis.serializer("application/offset+octet-stream")
def piece(context, value):
    """Bytes, whatever they are."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")
