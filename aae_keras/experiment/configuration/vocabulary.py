"""The names that a configuration may use, and which settings have a use for what."""

SETTINGS = (
    "semi-supervised",
    "supervised",
    "clustering",
    "dimensionality-reduction",
    "basic",
    "label-informed",
    "labels-only",
    "clusters-only",
)

# Y is the cluster, found without labels.
FINDS_CLUSTERS = ("clustering", "clusters-only")
REDUCTION = ("dimensionality-reduction",)
# The encoder finds y and z, and both have a prior: y may start from clusters.
BOTH_CODES = ("semi-supervised", "clustering", "dimensionality-reduction")
# Labels may teach the encoder's y, beside much else.
TAUGHT_Y = ("semi-supervised", "dimensionality-reduction")
ANY_PRIOR = ("basic", "label-informed")
DECODED_Y = ("semi-supervised", "supervised", "clustering")
# The baselines: no decoder, no game, and so a z that nothing has taught.
ENCODER_ALONE = ("labels-only", "clusters-only")
ENCODED_Y = (*BOTH_CODES, *ENCODER_ALONE)

# Priors of several components, by name; `priors` has them.
MIXTURES = ("gaussian-mixture", "swiss-roll")

# Terms beside a setting's own, and the settings each is for; `models.extra_terms` has them.
EXTRA_TERMS = {
    "conditional_entropy": ENCODED_Y,
    "marginal_entropy": ENCODED_Y,
    "shift": ENCODED_Y,
    "vat": ENCODED_Y,
}
