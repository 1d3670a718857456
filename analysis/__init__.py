"""Weekly analyses of declined ICE detainers by state and offence type.

Rooms, in the one direction in which they import each other: :mod:`analysis.load` (files to one table of detainers),
:mod:`analysis.stats` (numbers with uncertainty), :mod:`analysis.show` (figures, tables, sentences),
:mod:`analysis.run` (notebooks to reports), :mod:`analysis.cli` (the ``declines`` command).
"""
