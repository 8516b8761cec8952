"""The registry of rules, and the audit that runs them all."""

from glalign.audit import (
    agreement,
    decimals,
    descriptions,
    keyword_lists,
    other_sources,
    paired_claims,
    rank_order,
    rank_profile,
    reachability,
    reference_list,
    relations,
    test_sets,
    unread_cells,
)
from glalign.audit.finding import SEVERITIES, Finding, Rule
from glalign.audit.material import Material

RULES: tuple[Rule, ...] = (
    rank_order.RULE,
    reachability.RULE,
    paired_claims.RULE,
    agreement.RULE,
    relations.RULE,
    test_sets.RULE,
    *descriptions.RULES,
    *decimals.RULES,
    rank_profile.RULE,
    *other_sources.RULES,
    reference_list.RULE,
    keyword_lists.RULE,
    unread_cells.RULE,
)
"""Every rule, in the order of the report within a severity."""


def audit(material: Material) -> list[Finding]:
    """What all rules find, the highest severity first, each finding once."""
    found = {
        Finding(rule.name, one.severity, one.place, one.evidence, rule.does_not_prove): None
        for rule in RULES
        for one in rule.check(material)
    }
    order = list(SEVERITIES)
    return sorted(found, key=lambda finding: order.index(finding.severity))
