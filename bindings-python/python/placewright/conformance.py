"""Conformance cases: run one, check one, and the digest over all that was placed, or packed.

The formats are ``ecs-placement-conformance/1`` and, of those for packing, ``placewright-packing-conformance/1``; a case is its text,
or the dict that its text parses to.
"""

from ._native import conformance_check as check
from ._native import conformance_check_packing as check_packing
from ._native import conformance_digest as digest
from ._native import conformance_digest_packing as digest_packing
from ._native import conformance_replay as replay

__all__ = ["check", "check_packing", "digest", "digest_packing", "replay"]
