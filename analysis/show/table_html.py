"""The old place of :func:`analysis.show.tables.as_html`."""

from analysis.show.tables import as_html as as_html
