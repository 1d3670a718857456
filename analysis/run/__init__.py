"""Notebooks to reports: parameters, batches, pages and the site."""

import sys

# jsonschema would spend 2.5 s on compiling grammars for addresses that no notebook's schema asks for.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
