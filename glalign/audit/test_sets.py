"""Stated sizes of one test set that differ in count or in unit."""

from collections import defaultdict
from collections.abc import Iterator

from glalign.audit.finding import INCONSISTENT, NOTE, Found, Rule
from glalign.audit.material import Material, Row
from glalign.audit.reachability import STATED


def check(material: Material) -> Iterator[Found]:
    """Yield test sets with two sizes, a size in two units, or more identities than the split of their dataset."""
    stated = [row for row in material.test_sets if row["source"] == STATED]
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in stated:
        groups[row["scenario"], row["dataset"]].append(row)
    for (scenario, dataset), rows in groups.items():
        name = scenario or dataset
        counts: dict[str, set[str]] = defaultdict(set)
        units: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            counts[row["unit"]].add(row["count"])
            units[row["count"]].add(row["unit"])
        listed = "; ".join(f"{int(row['count']):,} {row['unit']} in {row['place']}" for row in rows)
        if any(len(several) > 1 for several in counts.values()):
            yield Found(INCONSISTENT, name, f"the test set has two sizes: {listed}")
        elif any(len(several) > 1 for several in units.values()):
            yield Found(INCONSISTENT, name, f"one count in two units: {listed}")
    split = {row["dataset"]: row for row in stated if row["unit"] == "identities" and not row["scenario"]}
    for row in stated:
        whole = split.get(material.scenarios.get(row["scenario"], {}).get("test", ""))
        if whole and row["unit"] == "identities" and int(row["count"]) > int(whole["count"]):
            evidence = f"{int(row['count']):,} identities in {row['place']}, more than the {int(whole['count']):,} test"
            yield Found(NOTE, row["scenario"], f"{evidence} identities of {whole['dataset']} in {whole['place']}")


RULE = Rule(
    "test set",
    "one test set has one size",
    "which size was used: both may be meant, of different things.",
    check,
)
