"""Notebooks to reports: parameters, batches, pages and the site."""
