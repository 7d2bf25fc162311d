# SPDX-License-Identifier: BSD-3-Clause
"""What a test says about itself: the catalogue's id, the level, the source, and one line."""

import pytest

LEVELS = ("MUST", "SHOULD", "SPEC", "MAY", "ROBUST")


def case(ident, level, source, profile="host"):
    """One requirement: the test's docstring says what it sends and expects."""
    assert level in LEVELS

    def mark(test):
        assert test.__doc__, f"{ident} says nothing"
        return pytest.mark.case(ident, level, source, test.__doc__, profile)(test)
    return mark


def cases(names, *rows, profile="host"):
    """Many requirements with one procedure: rows of id, level, source, text, and the values."""
    count = len(names.split(","))

    def param(row):
        ident, level, source, text, *values = row
        assert level in LEVELS and len(values) == count, ident
        return pytest.param(*values, id=ident,
                            marks=pytest.mark.case(ident, level, source, text, profile))
    return pytest.mark.parametrize(names, [param(r) for r in rows])
