"""The options of GLAlign: what each means, its range, and which go together."""

from dataclasses import dataclass

from glalign.config.from_mapping import require
from glalign.language.segmentation import SEGMENTERS
from glalign.models.towers.text_encoders import FAMILIES
from glalign.models.towers.text_tower import TOKENS
from glalign.support.errors import UserError

FITTED = "validation"
"""Value of `score_alpha` for a weight that validation people choose."""

CHOICES = {
    "text_backbone": ("clip", *FAMILIES),
    "targets": ("diagonal", "identity"),
    "region": ("pooled", "masked"),
    "phrase": ("pooled", "separate"),
    "local_scale": ("shared", "per_part"),
}


@dataclass(frozen=True)
class Options:
    """The `model:` keys of GLAlign; a D-number is a decision where the paper leaves a choice.

    backbone: tiny/clip, clip-vit-b-32 (the paper's) or clip-vit-b-16.
    weights: file of the weights folder, or random.
    alpha: weight of the global loss (Eq. 11); 1 leaves the local branch out, 0 the global loss (D28).
    score_alpha: weight of the global cosine in the score; null for `alpha`; validation for the one of 0, .05, ..., 1
        with which the trained weights have the best Rank-1 on the validation people. Until it is chosen, at the end of
        the training, the score has the weight `alpha` (D10).
    temperature: learned, checkpoint, fixed or literal, see LogitScale (D1). With the paper's rate of 5e-6 and Adam, a
        learned scale moves by at most a factor of exp(5e-6) a step: of the 42,580 steps of its English training, from
        14.3 to between 11.6 and 17.7. OpenAI's file, which `checkpoint` starts from, holds 100.
    local_scale: logit scale of the local branch, shared with the global branch or per_part (D9).
    targets: diagonal, or identity: other captions of the same person are positives too (D8).
    region: pooled patch tokens, or masked: the masked image through the image tower again (D9).
    phrase: pooled tokens of the caption, or separate: the part's phrases through the text tower again (D9).
    text_backbone: clip, the text tower of `backbone`; an encoder in its place: phobert-base (the paper's for
        Vietnamese) or tiny/phobert; gpt2 (for English) or tiny/gpt2 (D2).
    text_weights, text_vocabulary: of such an encoder; weights may be random.
    segmenter: cuts captions into a PhoBERT's words: pyvi, underthesea or vncorenlp; null for pyvi.
    projection_rate: relative learning rate of the new projection from such an encoder to the joint width (D3).
    text_token: token that stands for the caption: eot, the end mark; last, the word piece before it, as with a GPT-2
        that appends no mark; first, PhoBERT's <s>; null for CLIP's eot, PhoBERT's first or GPT-2's last (D5).
    class_token: clip or paper, see ClipTowers (D23).
    dropout: after attention and MLP of each block of both towers (D24), in PhoBERT and GPT-2 also of embeddings and
        attention weights.
    lower_case: null for true with CLIP and false with PhoBERT and GPT-2, whose vocabularies are cased (D6).
    context_length: longest caption in tokens, null for 77 with CLIP, 256 with PhoBERT, and with GPT-2 the paper's 512,
        of its 1,024, or the 256 of tiny/gpt2 (D4).
    """

    backbone: str = "tiny/clip"
    weights: str = "random"
    alpha: float = 0.5
    score_alpha: float | str | None = None
    temperature: str = "learned"
    local_scale: str = "shared"
    targets: str = "diagonal"
    region: str = "pooled"
    phrase: str = "pooled"
    text_backbone: str = "clip"
    text_weights: str = "random"
    text_vocabulary: str | None = None
    segmenter: str | None = None
    projection_rate: float = 1.0
    text_token: str | None = None
    class_token: str = "clip"
    dropout: float = 0.1
    lower_case: bool | None = None
    context_length: int | None = None

    def __post_init__(self) -> None:
        for key, known in CHOICES.items():
            if (value := getattr(self, key)) not in known:
                raise UserError(f"model.{key}: {value!r}; choose {' or '.join(known)}")
        between = "does not lie between 0 and 1"
        require(self, ("alpha",), lambda value: 0 <= value <= 1, between)
        self._check_score_alpha(between)
        require(self, ("dropout",), lambda value: 0 <= value <= 0.9, "does not lie between 0 and 0.9")
        clip, segmented = self.text_backbone == "clip", self.text_family == "phobert"
        if clip and (self.text_vocabulary is not None or self.text_weights != "random" or self.projection_rate != 1):
            owner = "a PhoBERT or GPT-2, not to clip"
            raise UserError(f"model: text_weights, text_vocabulary and projection_rate belong to {owner}")
        if self.segmenter is not None and (not segmented or self.segmenter not in SEGMENTERS):
            choice = f"choose {', '.join(SEGMENTERS)} or null" if segmented else "it belongs to a PhoBERT"
            raise UserError(f"model.segmenter: {self.segmenter!r}; {choice}")
        if not clip and self.text_vocabulary is None:
            raise UserError(f"model.text_vocabulary: {self.text_backbone} needs the name of one")
        if self.text_token not in (None, *self.text_tokens):
            raise UserError(f"model.text_token: {self.text_token!r}; choose {' or '.join(self.text_tokens)}")

    def _check_score_alpha(self, between: str) -> None:
        """Raise a UserError if `score_alpha` is no weight, or is to be chosen for a branch that is not trained."""
        if isinstance(self.score_alpha, str):
            if self.score_alpha != FITTED:
                choice = f"choose a number from 0 to 1, null or {FITTED}"
                raise UserError(f"model.score_alpha: {self.score_alpha!r}; {choice}")
            if self.alpha in (0, 1):
                why = f"{FITTED} weighs two trained branches, and alpha {self.alpha:g} trains one"
                raise UserError(f"model.score_alpha: {why}; set it to null or a number, or alpha between 0 and 1")
        require(self, ("score_alpha",), lambda value: not isinstance(value, float | int) or 0 <= value <= 1, between)

    @property
    def text_family(self) -> str:
        """Family of the encoder of the captions: clip, phobert or gpt2."""
        return FAMILIES.get(self.text_backbone, "clip")

    @property
    def text_tokens(self) -> tuple[str, ...]:
        """Tokens that may stand for a caption, the encoder's own first."""
        return TOKENS[self.text_family]

    @property
    def score_weight(self) -> float:
        """Weight of the global cosine in the score, as long as validation has not chosen another."""
        return self.alpha if self.score_alpha is None or isinstance(self.score_alpha, str) else self.score_alpha
