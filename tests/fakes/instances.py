"""Instances of the fake Azure: the ports ``InstanceCensus`` and ``InstanceReads``, from runs of instances that are alike.

A run is a ``count`` and what the emulator's control takes too: ``exact_version``, ``latest_model``, ``power``,
``provisioning``, ``health``, ``protect_from_actions``, ``skip_upgrade``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any

from scanner.facts.instances import Listing
from scanner.ports.instances import Counted, Question, Told, Wanted
from scanner.reading.instance_rows import CensusFold, add_instances, is_flexible_row, read_repairs
from tests.fakes.azure import FakeAzure


@dataclass(slots=True)
class InstanceFaults:
    """What goes wrong with the next answers, until it is changed."""

    uncounted: set[str] = field(default_factory=set)
    """Subscriptions whose instances the census leaves out."""
    hides_columns: bool = False
    """The cloud offers neither the model nor the protection of an instance."""
    is_silent: bool = False
    """Compute answers nothing about instances."""


class FakeInstances:
    """Both ports on one fake Azure."""

    def __init__(self, azure: FakeAzure, now: Callable[[], datetime]) -> None:
        self._azure = azure
        self._now = now
        self.runs: dict[str, tuple[Mapping[str, Any], ...]] = {}
        self.faults = InstanceFaults()
        self.asked: list[Question] = []
        self.expected: list[Mapping[str, int]] = []
        """Scale sets by subscription that each census was told to expect."""
        self.repairs: dict[str, tuple[str, str]] = {}
        """State of the automatic repairs, and since when, by id in lower case."""

    def set_instances(self, scale_set_id: str, *runs: Mapping[str, Any]) -> None:
        """Give a scale set instances, in the place of those before."""
        self.runs[scale_set_id.lower()] = runs

    def set_repairs(self, scale_set_id: str, state: str, since: str = "") -> None:
        """Say what automatic repairs do now, and since when."""
        self.repairs[scale_set_id.lower()] = (state, since)

    def count(self, expected: Mapping[str, int], seconds: float = inf) -> Counted:  # noqa: ARG002 - the port's
        """Count as Resource Graph does."""
        self.expected.append(dict(expected))
        wanted = frozenset(expected) - self.faults.uncounted
        folds = {True: CensusFold(), False: CensusFold()}
        for key, runs in self.runs.items():
            document = self._azure.documents.get(key)
            if document is not None and key.split("/")[2] in wanted:
                is_uniform = not is_flexible_row(document)
                folds[is_uniform].add([self._group(key, document, run, is_uniform=is_uniform) for run in runs])
        uniform, flexible = folds[True], folds[False]
        self._azure.graph_queries += 2
        return Counted(
            censuses={**flexible.censuses(is_uniform=False), **uniform.censuses(is_uniform=True)},
            uniform=wanted,
            flexible=wanted,
            offers_model=uniform.carries_model if uniform.counted else None,
            offers_protection=uniform.carries_protection if uniform.counted else None,
            problem="" if wanted == frozenset(expected) else "Told to fail.",
        )

    def ask(self, questions: list[Question], seconds: float) -> Mapping[str, Told]:
        """Answer as Compute does."""
        if self.faults.is_silent or seconds <= 0:
            return {}
        self.asked += questions
        there = [question for question in questions if question.scale_set_id.lower() in self._azure.documents]
        return {question.scale_set_id.lower(): self._told(question) for question in there}

    def _told(self, question: Question) -> Told:
        key = question.scale_set_id.lower()
        which = question.listing
        self._azure.compute_calls += question.wants_repairs + (which is not Wanted.NONE)
        listing = add_instances(Listing(is_whole=which is Wanted.ALL), self._list(key, which))
        return Told(
            read_at=self._now(),
            listing=None if which is Wanted.NONE else listing,
            repairs=read_repairs(self._view(key)) if question.wants_repairs else None,
        )

    def _group(self, key: str, document: Mapping[str, Any], run: Mapping[str, Any], *, is_uniform: bool) -> Any:
        reference = document["properties"]["virtualMachineProfile"]["storageProfile"]["imageReference"]
        image = reference.get("id") or "/".join(str(reference.get(name, "")) for name in ("publisher", "offer", "sku"))
        first = run.get("first", 0)
        row = {
            "scaleSet": key,
            "image": run.get("image", image).lower(),
            "version": run.get("exact_version", ""),
            "power": f"PowerState/{run.get('power', 'running')}",
            "instances": run["count"],
            "examples": [f"{key}/virtualMachines/{number}" for number in range(first, first + min(3, run["count"]))],
        }
        if is_uniform and not self.faults.hides_columns:
            row["model"] = str(run.get("latest_model", True)).lower()
            row["held"] = "true" if run.get("protect_from_actions") else ""
        return row

    def _list(self, key: str, which: Wanted) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = []
        for run in self.runs.get(key, ()):
            if which is Wanted.BEHIND and run.get("latest_model", True):
                continue
            metric = {"code": "ComponentStatus/CustomMetrics/succeeded", "message": '{"SkipUpgrade": "true"}'}
            substatuses = [metric] if run.get("skip_upgrade") == "true" else []
            view: dict[str, Any] = {
                "statuses": [{"code": f"PowerState/{run.get('power', 'running')}"}],
                "extensions": [{"name": "health", "substatuses": substatuses}],
            }
            if run.get("health"):
                view["vmHealth"] = {"status": {"code": f"HealthState/{run['health']}"}}
            properties = {
                "latestModelApplied": run.get("latest_model", True),
                "provisioningState": run.get("provisioning", "Succeeded"),
                "protectionPolicy": {"protectFromScaleSetActions": run.get("protect_from_actions", False)},
                "instanceView": view,
            }
            listed += [
                {"id": f"{key}/virtualMachines/{number}", "properties": properties} for number in range(run["count"])
            ]
        return listed

    def _view(self, key: str) -> dict[str, Any]:
        view: dict[str, Any] = {"virtualMachine": {"statusesSummary": []}}
        if key in self.repairs:
            state, since = self.repairs[key]
            service = {"serviceName": "AutomaticRepairs", "serviceState": state, "lastStatusChangeTime": since}
            view["orchestrationServices"] = [service]
        return view
