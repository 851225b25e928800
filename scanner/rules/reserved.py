"""Ids of the catalogue that are given and not judged yet."""

from collections.abc import Mapping

RESERVED: Mapping[str, str] = {
    "VMSS-060": "rolling-upgrade-failed",
    "VMSS-061": "rolling-upgrade-stalled",
    "VMSS-062": "os-upgrade-rolled-back",
    "VMSS-070": "environments-disagree",
    "VMSS-071": "regions-disagree",
    "VMSS-072": "production-ahead-of-canary",
    "VMSS-073": "no-canary",
    "VMSS-074": "upgraded-together",
}
"""Ids that are given, to rules that need more than a scale set's own row and are not judged yet.

An exemption may name them: it was agreed for the rule, and a release that judges it must not make it invalid meanwhile.
"""
