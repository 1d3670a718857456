"""What our own prose never says (ICE's labels, quotations and "no rate can be given" are another matter)."""

NEVER_IN_OUR_PROSE = (
    *("illegal", "criminal alien", "sanctuary", "refused to cooperate", "refusal rate", "released", "surge", "spike"),
    *("plunge", "because of", "due to", "led to", "caused", "decline rate"),
)
