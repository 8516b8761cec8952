"""The domains by name."""

from glalign.support.errors import UserError
from glalign.synthetic.domains.domain import Domain
from glalign.synthetic.domains.plaza import PLAZA
from glalign.synthetic.domains.pretrain import PRETRAIN
from glalign.synthetic.domains.street import STREET

DOMAINS = {d.name: d for d in (STREET, PRETRAIN, PLAZA)}


def find_domain(name: str, *languages: str) -> Domain:
    """Return the domain called `name`.

    Raises: UserError for an unknown name, or if the domain has no annotators who write one of the `languages`.
    """
    if name not in DOMAINS:
        raise UserError(f"synthetic.domain: unknown domain {name!r}; choose one of {', '.join(sorted(DOMAINS))}")
    known = DOMAINS[name].annotators
    if lost := [language for language in languages if language not in known]:
        writes = f"nobody of the domain {name!r} writes {lost[0]!r}"
        raise UserError(f"synthetic.language: {writes}; choose one of {', '.join(known)}")
    return DOMAINS[name]
