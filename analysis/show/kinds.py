"""The names under which an executed notebook carries what a report's files are made from."""

FACTS_TYPE = "application/vnd.declined-detainers.facts+json"
TABLE_TYPE = "application/vnd.declined-detainers.table+json"
FIGURE_KEY = "declined-detainers"
