"""Conformance cases: run one, check one, and the digest over all that was placed.

The format is ``ecs-placement-conformance/1``; a case is its text, or the dict that its text parses to.
"""

from ._native import conformance_check as check
from ._native import conformance_digest as digest
from ._native import conformance_replay as replay

__all__ = ["check", "digest", "replay"]
