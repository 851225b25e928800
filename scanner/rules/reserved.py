"""Ids of the catalogue that are given and not judged yet."""

from collections.abc import Mapping

RESERVED: Mapping[str, str] = {}
"""Ids that are given, to rules that need more than a scale set's own row and are not judged yet.

An exemption may name them: it was agreed for the rule, and a release that judges it must not make it invalid meanwhile.
"""
