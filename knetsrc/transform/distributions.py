"""Methods of distributions of `scipy.stats` that are a spelling of others.

stats.norm.pdf(x, mu, s)      np.exp(stats.norm.logpdf(x, mu, s))
stats.norm(mu, s).logpdf(x)   stats.norm.logpdf(x, mu, s)
"""

from collections.abc import Callable
from typing import Any

import gast

from knetsrc.adjoints.table import TABLE
from knetsrc.transform import tree
from knetsrc.transform.resolve import is_distribution

_LOGARITHMS = {"pdf": "logpdf", "pmf": "logpmf"}


def of_distribution(node: gast.Call, resolve: Callable[[tree.Node], Any]) -> tree.Node | None:
    """What a call of a method of a distribution stands for; None for other calls, and where no rule is for that."""
    method: Any = node.func
    if not isinstance(method, gast.Attribute):
        return None
    made: Any = method.value
    is_frozen = isinstance(made, gast.Call) and is_distribution(resolve(made.func))
    holder = made.func if is_frozen else made
    if not is_distribution(resolve(holder)):
        return None
    name = _LOGARITHMS.get(method.attr, method.attr)
    has_rule = TABLE.rule_for(getattr(resolve(holder), name, None)) is not None
    if not has_rule or not (is_frozen or name != method.attr):
        return None
    given = made if is_frozen else tree.call("f")
    call = tree.call(tree.attribute(tree.clone(holder), name), *node.args, *given.args)
    call.keywords = [*node.keywords, *given.keywords]
    return call if name == method.attr else tree.call("np.exp", call)
