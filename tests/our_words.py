"""What our own prose never says (ICE's labels, quotations and "no rate can be given" are another matter)."""

import re

NEVER_IN_OUR_PROSE = (
    *("illegal", "criminal alien", "sanctuary", "refused to cooperate", "refusal rate", "released", "surge", "spike"),
    *("plunge", "because of", "due to", "led to", "caused", "decline rate"),
)
BROKEN = r"\bnan\b|\bNone\b|\binf\b|[][{}@]|  |\.\.|\( |\bnp\.|not known|\b1 (?:cases|detainers|weeks|tests|rows)\b"


def check_sentence(said: str) -> None:
    """Hold a sentence of a page against what none may be."""
    assert [word for word in (*NEVER_IN_OUR_PROSE, "because", "owing to") if word in said.lower()] == [], said
    assert not re.search(BROKEN, said), said
    assert re.fullmatch(r"[A-Z].*\.", said), said
