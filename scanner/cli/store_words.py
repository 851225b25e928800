"""The words of the commands that work on a store: what they do is imported when it is asked for."""

import argparse
from pathlib import Path

from scanner.cli.help import Commands, add_command
from scanner.cli.values import day, subscription


def add_state(commands: Commands) -> None:
    """Add the command and its two actions."""
    state = add_command(
        commands,
        "state",
        "scanner.cli.state_command",
        "list what is damaged in the remembered state, or remove one damaged part",
        more="check reads every row. drop removes one: of a state, the next scan discovers the scale set anew; of an"
        " outbox entry, its events are lost; of a record, the next scan writes it anew.",
        examples=[
            "vmss-posture state check --settings settings.json",
            "vmss-posture state drop --settings settings.json 'state:...'",
        ],
        codes={1: "check: something is damaged"},
    )
    actions = state.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    add_store(actions.add_parser("check", help="list what cannot be read, each with its KEY"))
    dropping = actions.add_parser("drop", help="remove one part")
    dropping.add_argument("key", metavar="KEY", help="as check shows it, or the resource id of a scale set")
    add_store(dropping)


def add_forget(commands: Commands) -> None:
    """Add the command."""
    forget = add_command(
        commands,
        "forget",
        "scanner.cli.forget_command",
        "retire a subscription that is gone for good, so that scans no longer report it as not read",
        more="Its findings are withdrawn with that reason, its rows leave the compliance snapshot, and its history"
        " stays. The next scan sends the events. A subscription that can be read again is discovered anew, with new"
        " event ids. For the deployed service, [retired_subscriptions] in the policy does the same.",
        examples=[
            "vmss-posture forget 5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a02 --state fleet.sqlite",
            "vmss-posture forget 5d0c8f0e-1c1b-4d58-9a51-0d0f6b1d7a02 \\",
            "    --settings settings.json --yes",
        ],
    )
    forget.add_argument("subscription", type=subscription, metavar="SUBSCRIPTION", help="id of the subscription")
    forget.add_argument("--yes", action="store_true", help="do not ask")
    add_store(forget)


def add_store(command: argparse.ArgumentParser) -> None:
    """Add the options that name the store."""
    store = command.add_mutually_exclusive_group()
    store.add_argument("--state", type=Path, metavar="FILE", help="the state file of vmss-posture scan")
    store.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="the deployed app's settings, as for doctor (default: the environment)",
    )


def add_replay(commands: Commands) -> None:
    """Add the command."""
    replay = add_command(
        commands,
        "replay",
        "scanner.cli.replay_command",
        "send events again that Log Analytics accepted and then lost",
        more="Reads the settings of the deployed app from the environment or a file, and signs in as scan does; needs"
        " the role Storage Table Data Contributor. Events are kept for 7 days after they were accepted. The next scan"
        " sends them again, and the function VmssPostureEvents shows each once.",
        examples=["vmss-posture replay --settings settings.json --since 2026-11-20"],
        codes={3: "some entries cannot be read and are not sent again; they are named"},
    )
    replay.add_argument("--settings", type=Path, metavar="FILE", help="the app's settings, as for doctor")
    replay.add_argument("--since", type=day, required=True, metavar="DATE", help="accepted on that day or later (UTC)")
