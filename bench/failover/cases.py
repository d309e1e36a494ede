"""The cases: what is done to one of three origins, and undone. Each is a scenario of ringload."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

SCENARIOS = Path(__file__).resolve().parent / "scenarios"


@dataclass
class Case:
    """A file of scenarios/."""

    path: Path
    key: str  # "a"
    name: str  # "killed"
    title: str
    needs_packets: bool  # nftables in a network of its own


def read_cases():
    cases = []
    for path in sorted(SCENARIOS.glob("*.toml")):
        scenario = tomllib.loads(path.read_text())
        key, name = path.stem.split("_", 1)
        packets = any(fault["kind"] in ("refuse", "blackhole") for fault in scenario["fault"])
        cases.append(Case(path, key, name, scenario["title"], packets))
    return cases


CASES = read_cases()
