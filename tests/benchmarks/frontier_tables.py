"""The tables of aims 1 and 2, made of the records of bench_frontier.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from records import seconds_text, table

OURS, BASELINE = "collabsheet", "biases alone"  # families that are no peers
INFORMED, PEER_INFORMED = "with genres", "myFM with genres"    # families that were told the genres: ours, a peer's
BUDGETS = (0.05, 0.2, 1.0, 5.0, 30.0, 100.0)  # seconds


@dataclass(frozen=True)
class Result:
    """One system on one data set: means over the splits."""

    system: str
    family: str
    rmse: float
    error: float      # standard error of the mean, over splits
    seconds: float    # median over splits
    earlier: bool = False   # measured before the newest record

    @property
    def ours(self) -> bool:
        return self.family == OURS

    @property
    def peers(self) -> bool:
        return self.family not in (OURS, BASELINE, INFORMED)

    @property
    def informed(self) -> bool:
        return self.family in (INFORMED, PEER_INFORMED)


@dataclass(frozen=True)
class Aim:
    """A ratio of times that the issue asks for, at equal or lower RMSE."""

    peer: str
    of: Callable[[Sequence[Result]], Result | None]  # the peer's result that counts
    ratio: float


def _accurate(start: str):
    """The most accurate of the systems whose name starts so."""
    return lambda found: min((r for r in found if r.system.startswith(start)), key=lambda r: r.rmse, default=None)


def _named(*names: str):
    return lambda found: next((r for r in found if r.system in names), None)


AIMS = (
    Aim("LIBMF, native", _accurate("LIBMF"), 3),
    Aim("Surprise SVD, tuned", _named("Surprise SVD, tuned"), 50),
    Aim("fastai, batch 512", _named("fastai, batch 512"), 30),
    Aim("fastai, batch 64", _named("fastai, batch 64"), 100),
    Aim("plain torch", _named("plain torch", "plain torch, batch 1024"), 5),
    Aim("myFM, the most accurate", _accurate("myFM,"), 3),
)
AIMS_ALIKE = (Aim("myFM with the same, the most accurate", _accurate("myFM with"), 10),)    # knows what our `best` knows


def results(records: Sequence[dict]) -> dict[str, list[Result]]:
    """Data set -> what each system reached; without those that failed."""
    found: dict[str, list[Result]] = {}
    newest = _newest(records)
    for record in records:
        if "failed" not in record:
            rmse = np.array(record["rmse"])
            error = float(rmse.std(ddof=1) / np.sqrt(len(rmse))) if len(rmse) > 1 else float("nan")
            found.setdefault(record["data"], []).append(Result(
                record["system"], record["family"], float(rmse.mean()), error, float(np.median(record["seconds"])),
                record.get("date", "") < newest))
    return found


def by_knowledge(found: dict[str, list[Result]]) -> dict[str, list[Result]]:
    """Who competes: on ratings alone those who were told nothing else; where ours were told the genres, they and all peers."""
    contests = {}
    for data, column in found.items():
        contests[data] = [result for result in column if not result.informed]
        told = [replace(result, family=OURS, system=result.system.replace(f" {INFORMED}", "")) for result in column if result.family == INFORMED]
        if told:
            contests[f"{data}, {INFORMED}"] = [*told, *(result for result in column if result.peers)]
    return contests


def report(records: Sequence[dict]) -> dict[str, str]:
    """The tables by the names that the template knows."""
    found = results(records)
    contests = by_knowledge(found)
    failed = sorted({f"{r['system']} on {r['data']}: {r['failed']}" for r in records if "failed" in r})
    return {"frontier_systems": systems_table(found), "frontier_budgets": budgets_table(contests),
            "frontier_ratios": ratios_table(contests), "frontier_earlier": _measured_earlier(records),
            "frontier_failed": "".join(f"\n- not measured: {line}" for line in failed) or "\n- every fit ran to its end"}


def _newest(records: Sequence[dict]) -> str:
    return max((record.get("date", "") for record in records), default="")


def _measured_earlier(records: Sequence[dict]) -> str:
    """What the mark * means, or nothing where no row has it."""
    newest = _newest(records)
    earlier = sorted({f"on {record['date']} on {record['machine']}" for record in records if record.get("date", "") < newest})
    return f"\\* measured {'; '.join(earlier)}. Seconds of another machine say little beside those of this one." if earlier else ""


def systems_table(found: dict[str, list[Result]]) -> str:
    """RMSE ± standard error / seconds, a row a system, a column a data set."""
    names = dict.fromkeys(result.system for column in found.values() for result in column)
    at = {(data, result.system): result for data, column in found.items() for result in column}
    return table(("system", *(f"{data}: RMSE / s" for data in found)),
                 ((name, *(_cell(at.get((data, name))) for data in found)) for name in names))


def _cell(result: Result | None) -> str:
    if result is None:
        return ""
    error = "" if np.isnan(result.error) else f" ± {result.error:.4f}"
    return f"{result.rmse:.4f}{error} / {seconds_text(result.seconds)}{' *' * result.earlier}"


def best_within(found: Iterable[Result], seconds: float) -> Result | None:
    """The most accurate that finishes in time."""
    return min((r for r in found if r.seconds <= seconds), key=lambda r: r.rmse, default=None)


def budgets_table(found: dict[str, list[Result]]) -> str:
    """Aim 1: at each budget our best beside the peers' best."""
    rows = []
    for data, column in found.items():
        for budget in BUDGETS:
            mine = best_within((r for r in column if r.ours), budget)
            theirs = best_within((r for r in column if r.peers), budget)
            rows.append((data, f"{budget:g}", *_named_rmse(mine), *_named_rmse(theirs), *_verdict(mine, theirs)))
    return table(("data", "budget s", "ours", "RMSE", "best peer", "RMSE", "difference", "reached"), rows)


def _named_rmse(result: Result | None) -> tuple[str, str]:
    return (result.system.removeprefix(f"{OURS}, "), f"{result.rmse:.4f}") if result else ("none is done", "")


def _verdict(mine: Result | None, theirs: Result | None) -> tuple[str, str]:
    if mine is None:
        return "", "no" if theirs else "nobody is done"
    if theirs is None:
        return "", "yes, alone"
    difference = round(mine.rmse, 4) - round(theirs.rmse, 4)
    return f"{difference:+.4f}", "yes" if difference <= 0 else "no"


def ratios_table(found: dict[str, list[Result]]) -> str:
    """Aim 2: how often our fastest fit of equal or lower RMSE fits into the peer's time."""
    rows = []
    for data, column in found.items():
        for aim in AIMS_ALIKE if data.endswith(INFORMED) else (*AIMS, *AIMS_ALIKE):
            if peer := aim.of(column):
                mine = min((r for r in column if r.ours and round(r.rmse, 4) <= round(peer.rmse, 4)),
                           key=lambda r: r.seconds, default=None)
                ratio = peer.seconds / mine.seconds if mine else None
                rows.append((data, aim.peer, f"{peer.rmse:.4f}", seconds_text(peer.seconds),
                             *((mine.system.removeprefix(f"{OURS}, "), f"{mine.rmse:.4f}", seconds_text(mine.seconds),
                                f"{ratio:.1f}×") if mine else ("none is as accurate", "", "", "")),
                             f"{aim.ratio:g}×", "yes" if mine and ratio >= aim.ratio else "no"))
    return table(("data", "peer", "RMSE", "s", "ours", "RMSE", "s", "ratio", "aim", "reached"), rows, left=2)
