"""The domain of pre-training: steeper and worse cameras, brighter and more varied clothes, a small vocabulary.

Wide randomisation of colours, casts and resolution makes what is learnt here transfer. The vocabulary is smaller than
the benchmark's, so that fine-tuning still has words to learn.
"""

from glalign.synthetic.domains.domain import Camera, Domain, Wardrobe

_WIDE = {"black": 12, "white": 11, "gray": 6, "dark gray": 4, "light gray": 4, "blue": 7, "navy": 5,
         "light blue": 5, "red": 7, "maroon": 4, "pink": 5, "hot pink": 3, "purple": 6, "lavender": 3,
         "green": 6, "dark green": 4, "lime": 3, "mint": 2, "teal": 4, "yellow": 6, "orange": 6,
         "brown": 6, "tan": 5, "cream": 3}  # fmt: skip

PRETRAIN = Domain(
    name="pretrain", dialect="pretrain", typo_rate=0.03, colour_error_rate=0.02, rare_words=0.05, repeats=0.01,
    wardrobe=Wardrobe(
        women=0.5, patterned=0.2, printed=0.25, spread=13.0,
        hair={"black": 46, "brown": 28, "blonde": 12, "gray": 8, "red": 6},
        skin={"fair": 34, "light": 28, "tan": 20, "dark": 18},
        upper_man={"t-shirt": 26, "shirt": 14, "polo": 8, "tank top": 5, "sweater": 14, "hoodie": 13, "jacket": 20},
        upper_woman={"t-shirt": 22, "blouse": 12, "shirt": 7, "tank top": 8, "sweater": 12, "hoodie": 8, "jacket": 14,
                     "dress": 13, "cardigan": 4},
        upper_shades=_WIDE, lower_man={"pants": 42, "jeans": 34, "shorts": 24},
        lower_woman={"pants": 24, "jeans": 24, "shorts": 14, "skirt": 22, "leggings": 16},
        lower_shades={**_WIDE, "black": 22, "navy": 9, "tan": 9, "gray": 9},
        shoes_shades={"black": 24, "white": 22, "gray": 9, "brown": 13, "blue": 8, "red": 8, "tan": 6, "pink": 3,
                      "green": 3, "yellow": 2, "orange": 2},
        bag={"none": 40, "backpack": 22, "shoulder bag": 12, "handbag": 12, "messenger bag": 8, "plastic bag": 6},
        bag_shades={"black": 22, "brown": 12, "red": 11, "blue": 11, "gray": 8, "white": 7, "pink": 6, "green": 7,
                    "tan": 5, "orange": 4, "yellow": 4, "purple": 3},
    ),
    camera=Camera(
        pitch=(0.25, 0.55), fill=(0.74, 0.98), detail=(0.4, 0.85), quality=(28, 70), gain=(0.75, 1.3),
        gamma=(0.7, 1.05), saturation=(0.8, 1.3), contrast=(0.7, 1.2), cast=0.09, noise=(2.0, 11.0),
        blur=(0.2, 1.1), occluded=0.08, crowded=0.1, views={"front": 34, "back": 33, "side": 33},
        backgrounds={"indoor": 34, "asphalt": 24, "plain": 22, "campus": 10, "pavement": 10},
    ),
    annotators={"en": {"listing": 22, "notes": 46, "narrative": 32},
                "vi": {"listing": 40, "narrative": 40, "observation": 20}},
)  # fmt: skip
