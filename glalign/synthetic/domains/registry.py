"""The domains by name."""

from glalign.support.errors import UserError
from glalign.synthetic.domains.domain import Domain
from glalign.synthetic.domains.plaza import PLAZA
from glalign.synthetic.domains.pretrain import PRETRAIN
from glalign.synthetic.domains.street import STREET

DOMAINS = {d.name: d for d in (STREET, PRETRAIN, PLAZA)}


def find_domain(name: str) -> Domain:
    """Return the domain called `name`. Raises: UserError for an unknown name."""
    if name not in DOMAINS:
        raise UserError(f"synthetic.domain: unknown domain {name!r}; choose one of {', '.join(sorted(DOMAINS))}")
    return DOMAINS[name]
