"""Every domain by its name."""

from glalign.support.errors import UserError
from glalign.synthetic.domains.plaza import PLAZA
from glalign.synthetic.domains.pretrain import PRETRAIN
from glalign.synthetic.domains.setting import Domain
from glalign.synthetic.domains.street import STREET

DOMAINS = {d.name: d for d in (STREET, PRETRAIN, PLAZA)}


def domain(name: str) -> Domain:
    """The domain called `name`. Raises: UserError that lists the known ones."""
    if name not in DOMAINS:
        raise UserError(f"synthetic.domain: unknown domain {name!r}; choose one of {', '.join(sorted(DOMAINS))}")
    return DOMAINS[name]
