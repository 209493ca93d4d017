"""Tests mirror the package: test_<module>.py, in folders of the same names."""
